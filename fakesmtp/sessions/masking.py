"""Masking: what a client's line looks like once it may be kept.

A SecretKey must not be in a recording, in clear or encoded, whatever a client does wrong. So this
does not depend on a well-formed AUTH: of its line a registered mechanism is shown, and what can be
read as user name and SecretKey by its parts; all else is masked. After AUTH, what is not a command
is taken for more of the credentials, until a command comes. SecretKeys of accounts that the server
has are looked for everywhere, also parts of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.authentication import Awaiting
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
from fakesmtp.sessions.notes import AFTER_AUTH, COMMANDS, OUTSIDE_AUTH, WRAPPED_RESPONSE

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.protocol.accounts import Accounts

    _Describe = Callable[[bytes, Accounts], str]

_HIDDEN = MASK.encode()
_LINE_ENDS = b"\r\n"
#: What the software behind the endpoint strips off both ends of a command.
_BLANKS = bytes(range(0x21))
_AUTH = b"AUTH"
#: Commands of other protocols with which clients log in: what follows them is masked.
_LOGINS = {b"APOP", b"PASS", b"USER", b"XAUTH", *(name.encode() for name in MECHANISMS)}
#: How ordinary lines begin, in the two spellings that clients have: found without making capitals.
AS_WRITTEN = frozenset(
    spelt + end for name in COMMANDS for spelt in (name, name.lower()) for end in (b" ", b"\r")
)


class KeptLine(NamedTuple):
    """A line as it may be kept, without its end.

    `hides_reply`: the reply may repeat what is masked. `note`: what the client did wrong, or `""`.
    """

    text: bytes
    is_masked: bool = True
    hides_reply: bool = False
    note: str = ""


class Masker:
    """Masks the lines of one session, in order."""

    __slots__ = ("_accounts", "_may_go_on", "is_wary")

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        #: Whether the credentials that came last may go on in the next line; they are not kept.
        self._may_go_on = False
        #: Whether credentials came last: what is not a command may be more of them.
        self.is_wary = False

    def mask(self, line: bytes, awaiting: Awaiting) -> KeptLine:
        """Mask the next line."""
        text = line.rstrip(_LINE_ENDS)
        if awaiting is not Awaiting.COMMAND:
            self._suspect(text)
            return KeptLine(
                _mask_response(text, _RESPONSES[awaiting], self._accounts), text != b"*"
            )
        command = text.strip(_BLANKS)
        verb = command.partition(b" ")[0].upper()
        if verb.startswith(_AUTH):
            self._suspect(command.rpartition(b" ")[2])
            return self._mask_auth(text, command, verb)
        if verb in COMMANDS:
            self.is_wary = False
            if not self._accounts.find_secret(text):
                return KeptLine(text, is_masked=False)
            shown = command[: len(verb)] + b" " + _HIDDEN
            return KeptLine(shown, hides_reply=True, note=OUTSIDE_AUTH)
        return self._mask_unknown(text, verb)

    def _suspect(self, response: bytes) -> None:
        self.is_wary, self._may_go_on = True, may_be_wrapped(response)

    def _mask_auth(self, text: bytes, command: bytes, verb: bytes) -> KeptLine:
        if verb != _AUTH:
            # What is glued to the verb may be anything, and the reply repeats it.
            return KeptLine(command[: len(_AUTH)] + _HIDDEN, hides_reply=True)
        masked = _mask_argument(command, self._accounts)
        return KeptLine(text, is_masked=False) if masked == command else KeptLine(masked)

    def _mask_unknown(self, text: bytes, verb: bytes) -> KeptLine:
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
            return KeptLine(verb + b" " + _HIDDEN, note=OUTSIDE_AUTH)
        return KeptLine(text, is_masked=False)


def _mask_argument(command: bytes, accounts: Accounts) -> bytes:
    """Show of an AUTH line the mechanism, if it is registered, and what its response tells."""
    verb, *words = command.split(None, 2)
    if not words:
        return command
    mechanism, *response = words
    name = mechanism.upper().decode("ascii", "replace")
    if name not in MECHANISMS:
        return verb + b" " + _HIDDEN
    if not response:
        return command
    describe = _INITIAL.get(name, _describe_nothing)
    return b" ".join((verb, mechanism, _mask_response(response[0].strip(), describe, accounts)))


def _mask_response(text: bytes, describe: _Describe, accounts: Accounts) -> bytes:
    if text == b"*":
        return text
    try:
        return describe(text, accounts).encode("utf-8", "replace")
    except MalformedResponse:
        return _HIDDEN


def _describe_user(user_name: str, accounts: Accounts) -> str:
    """Show a user name by its parts, as far as they can be what they should be."""
    app_key, mark, mail_type = user_name.partition("#")
    shown = f"AppKey={accounts.show_app_key(app_key)}"
    if not mark:
        return shown
    is_fit = may_be_mail_type(mail_type) and not accounts.find_secret(mail_type.encode())
    return f"{shown} mailType={mail_type if is_fit or not mail_type else MASK}"


def _describe_plain(text: bytes, accounts: Accounts) -> str:
    user_name, _ = parse_plain(text)
    return f"{_describe_user(user_name, accounts)} SecretKey={MASK}"


def _describe_login_user(text: bytes, accounts: Accounts) -> str:
    return _describe_user(decode_text(text), accounts)


def _describe_password(_text: bytes, _accounts: Accounts) -> str:
    return f"SecretKey={MASK}"


def _describe_nothing(_text: bytes, _accounts: Accounts) -> str:
    return MASK


_INITIAL = {"PLAIN": _describe_plain, "LOGIN": _describe_login_user}
_RESPONSES = {
    Awaiting.PLAIN: _describe_plain,
    Awaiting.LOGIN_USER: _describe_login_user,
    Awaiting.LOGIN_PASSWORD: _describe_password,
}
