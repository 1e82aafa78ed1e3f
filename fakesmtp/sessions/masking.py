"""Masking of client lines before they are kept.

A SecretKey must not be in a recording, neither in plaintext nor encoded, whatever a client does
wrong. So masking does not depend on a well-formed AUTH. An AUTH line shows a registered mechanism
and the readable parts of the user name; everything else is masked. After AUTH, lines that are not
commands count as further credentials until the next command. The SecretKeys of the server's
accounts are searched everywhere, also parts of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.actions import Awaiting
from fakesmtp.protocol.credentials import may_be_mail_type
from fakesmtp.protocol.sasl import (
    MECHANISMS,
    MalformedResponse,
    decode_text,
    is_base64_word,
    looks_like_credentials,
    may_be_wrapped,
    parse_plain,
)
from fakesmtp.protocol.secret import MASK
from fakesmtp.sessions.contents import Credentials, MaskedLine
from fakesmtp.sessions.notes import AFTER_AUTH, AFTER_CR, COMMANDS, OUTSIDE_AUTH, WRAPPED_RESPONSE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.protocol.accounts import Accounts

    _Read = Callable[[bytes, Accounts], Credentials | None]

_HIDDEN = MaskedLine(MASK)
_LINE_ENDS = b"\r\n"
_CR = b"\r"
#: Characters that the endpoint's software strips from both ends of a command.
_BLANKS = bytes(range(0x21))
_AUTH = b"AUTH"
#: Login commands of other protocols: their arguments are masked.
_LOGINS = {b"APOP", b"PASS", b"USER", b"XAUTH", *(name.encode() for name in MECHANISMS)}
#: The starts of ordinary lines, in the two spellings of clients: no conversion to upper case.
AS_WRITTEN = frozenset(
    spelt + end for name in COMMANDS for spelt in (name, name.lower()) for end in (b" ", b"\r")
)


class KeptLine(NamedTuple):
    """A line that may be kept: as received, with its line end, or masked.

    `hides_reply`: the reply may repeat masked text. `note`: what the client did wrong, or `""`.
    """

    content: bytes | MaskedLine
    hides_reply: bool = False
    note: str = ""


class Masker:
    """Masks the lines of one session, in order."""

    __slots__ = ("_accounts", "_may_go_on", "is_wary")

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        #: Whether the last credentials may continue in the next line. The credentials are not kept.
        self._may_go_on = False
        #: Whether the last line had credentials: a line that is not a command may continue them.
        self.is_wary = False

    def mask(self, line: bytes, awaiting: Awaiting) -> KeptLine:
        """Mask the next line."""
        text = line.rstrip(_LINE_ENDS)
        if awaiting is not Awaiting.COMMAND:
            self._suspect(text)
            masked = _mask_response("", text, _RESPONSES[awaiting], self._accounts)
            return KeptLine(line if text == b"*" else masked)
        command = text.strip(_BLANKS)
        verb = command.partition(b" ")[0].upper()
        if verb.startswith(_AUTH):
            self._suspect(command.rpartition(b" ")[2])
            return self._mask_auth(line, command, verb)
        word = verb.partition(_CR)[0]
        if word in COMMANDS:
            return self._mask_command(line, text, command[: len(word)])
        return self._mask_unknown(line, text, verb)

    def _suspect(self, response: bytes) -> None:
        self.is_wary, self._may_go_on = True, may_be_wrapped(response)

    def _mask_auth(self, line: bytes, command: bytes, verb: bytes) -> KeptLine:
        if verb != _AUTH:
            # Text directly after the verb may be anything, and the reply repeats it.
            return KeptLine(MaskedLine(_decode(command[: len(_AUTH)]) + MASK), hides_reply=True)
        return KeptLine(_mask_argument(command, self._accounts) or line)

    def _mask_command(self, line: bytes, text: bytes, word: bytes) -> KeptLine:
        """Mask a command, if it holds a SecretKey, or what a client took for its next line."""
        self.is_wary = False
        if self._accounts.find_secret(text):
            return KeptLine(_hide_after(word), hides_reply=True, note=OUTSIDE_AUTH)
        if _CR in text:
            self._suspect(text.rpartition(_CR)[2])
            return KeptLine(_hide_after(word), hides_reply=True, note=AFTER_CR)
        return KeptLine(line)

    def _mask_unknown(self, line: bytes, text: bytes, verb: bytes) -> KeptLine:
        """Mask a line that is not a command, if it may hold credentials."""
        if self.is_wary and verb:
            note = WRAPPED_RESPONSE if self._may_go_on and is_base64_word(text) else AFTER_AUTH
            self._suspect(text)
            return KeptLine(_HIDDEN, hides_reply=True, note=note)
        if self._accounts.find_secret(text) or any(map(looks_like_credentials, text.split())):
            self._suspect(text)
            return KeptLine(_HIDDEN, hides_reply=True, note=OUTSIDE_AUTH)
        if verb in _LOGINS and text.upper() != verb:
            self._suspect(text)
            return KeptLine(_hide_after(verb), note=OUTSIDE_AUTH)
        return KeptLine(line)


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _hide_after(verb: bytes) -> MaskedLine:
    return MaskedLine(f"{_decode(verb)} {MASK}")


def _mask_argument(command: bytes, accounts: Accounts) -> MaskedLine | None:
    """Mask an AUTH line: show its mechanism, if registered, and the parts of its response.

    Return None if there is nothing to mask.
    """
    verb, *words = command.split(None, 2)
    if not words:
        return None
    mechanism, *response = words
    name = mechanism.upper().decode("ascii", "replace")
    if name not in MECHANISMS:
        return _hide_after(verb)
    if not response or response[0].strip() == b"*":
        return None
    read = _INITIAL.get(name, _read_nothing)
    start = _decode(verb + b" " + mechanism)
    return _mask_response(start, response[0].strip(), read, accounts)


def _mask_response(command: str, text: bytes, read: _Read, accounts: Accounts) -> MaskedLine:
    """Mask a response; `command` is the text before it in its line."""
    try:
        credentials = read(text, accounts)
    except MalformedResponse:
        credentials = None
    if credentials is None:
        return MaskedLine(f"{command} {MASK}".lstrip())
    credentials = credentials._replace(command=command)
    return MaskedLine(str(credentials), credentials)


def _read_user(user_name: str, accounts: Accounts) -> Credentials:
    """Return the parts of a user name, each only if it is valid."""
    app_key, mark, mail_type = user_name.partition("#")
    shown = Credentials(app_key=_writable(accounts.show_app_key(app_key)))
    if not mark:
        return shown
    is_fit = may_be_mail_type(mail_type) and not accounts.find_secret(mail_type.encode())
    return shown._replace(mail_type=mail_type if is_fit or not mail_type else MASK)


def _writable(text: str) -> str:
    """Return a text that can be encoded as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _read_plain(text: bytes, accounts: Accounts) -> Credentials:
    user_name, _ = parse_plain(text)
    return _read_user(user_name, accounts)._replace(has_secret_key=True)


def _read_login_user(text: bytes, accounts: Accounts) -> Credentials:
    return _read_user(decode_text(text), accounts)


def _read_password(_text: bytes, _accounts: Accounts) -> Credentials:
    return Credentials(has_secret_key=True)


def _read_nothing(_text: bytes, _accounts: Accounts) -> None:
    return None


_INITIAL: Mapping[str, _Read] = {"PLAIN": _read_plain, "LOGIN": _read_login_user}
_RESPONSES: Mapping[Awaiting, _Read] = {
    Awaiting.PLAIN: _read_plain,
    Awaiting.LOGIN_USER: _read_login_user,
    Awaiting.LOGIN_PASSWORD: _read_password,
}
