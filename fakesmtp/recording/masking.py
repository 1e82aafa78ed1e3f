"""Masking: what a client's line looks like once it may be kept.

A SecretKey must not be in a recording, in clear or in Base64, wherever the client typed it. What
AUTH carries is shown by its parts; what cannot be read is masked whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.protocol.authentication import Awaiting
from fakesmtp.protocol.sasl import MalformedResponse, decode_base64, decode_text, parse_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.protocol.accounts import Accounts

    _Describe = Callable[[bytes, Accounts], str]

MASK = "***"
_LINE_ENDS = b"\r\n"
#: What the software behind the endpoint strips off both ends of a command.
_BLANKS = bytes(range(0x21))
_AUTH = b"AUTH"
_NAMES = (
    *(b"EHLO", b"HELO", b"STARTTLS", b"MAIL", b"RCPT", b"DATA"),
    *(b"RSET", b"NOOP", b"VRFY", b"EXPN", b"HELP", b"QUIT"),
)
#: The first four letters of the commands that carry no credentials; AUTH and unknown ones do.
ORDINARY = frozenset(name[:4] for name in _NAMES)
#: These in the two spellings that clients have, to be found without making capitals.
AS_WRITTEN = ORDINARY | frozenset(name.lower() for name in ORDINARY)


def strip_line(line: bytes) -> bytes:
    """Give a line without its end, as `mask_line` gives it when there is nothing to mask."""
    return line.rstrip(_LINE_ENDS)


def mask_line(line: bytes, awaiting: Awaiting, accounts: Accounts) -> bytes:
    """Give a line as it may be kept, without its end."""
    text = strip_line(line)
    if awaiting is not Awaiting.COMMAND:
        return _mask_response(text, _RESPONSES[awaiting], accounts)
    command = text.strip(_BLANKS)
    if command[:4].upper() == _AUTH:
        masked = _mask_auth(command, accounts)
        return text if masked == command else masked
    if accounts.find_secret(text):
        return _mask_argument(text, accounts)
    if command[:4].upper() not in ORDINARY and any(map(_looks_like_credentials, text.split())):
        return MASK.encode()
    return text


def may_be_repeated(command: bytes) -> bool:
    """Whether the reply may repeat what is masked in a command; AUTH's own replies never do."""
    return command[:5].upper() != b"AUTH "


def _looks_like_credentials(word: bytes) -> bool:
    """Whether this is Base64 of text with a NUL inside, as PLAIN's response is (RFC 4616 §2)."""
    try:
        return b"\0" in decode_base64(word)
    except MalformedResponse:
        return False


def _mask_argument(text: bytes, accounts: Accounts) -> bytes:
    verb, space, _ = text.partition(b" ")
    shows_verb = space and not accounts.find_secret(verb)
    return verb + b" " + MASK.encode() if shows_verb else MASK.encode()


def _mask_auth(text: bytes, accounts: Accounts) -> bytes:
    verb, *words = text.split(None, 2)
    if verb.upper() != _AUTH or not text.startswith(b" ", len(_AUTH)):
        # What is glued to the verb is no mechanism, and may be anything.
        return text if text.upper() == _AUTH else text[: len(_AUTH)] + MASK.encode()
    if not words:
        return text
    mechanism, *response = words
    if not response:
        # Nothing behind the mechanism, unless it is glued to it: `AUTH PLAIN=…`.
        return text if mechanism.upper() in _INITIAL else verb + b" " + MASK.encode()
    describe = _INITIAL.get(mechanism.upper(), _describe_nothing)
    return b" ".join((verb, mechanism, _mask_response(response[0].strip(), describe, accounts)))


def _mask_response(text: bytes, describe: _Describe, accounts: Accounts) -> bytes:
    if text == b"*":
        return text
    try:
        return describe(text, accounts).encode("utf-8", "replace")
    except MalformedResponse:
        return MASK.encode()


def _describe_user(user_name: str, accounts: Accounts) -> str:
    """Show a user name by its parts, unless it is a SecretKey typed in the wrong place."""
    if accounts.find_secret(user_name.encode("utf-8", "replace")):
        return f"AppKey={MASK}"
    app_key, mark, mail_type = user_name.partition("#")
    return f"AppKey={app_key} mailType={mail_type}" if mark else f"AppKey={app_key}"


def _describe_plain(text: bytes, accounts: Accounts) -> str:
    user_name, _ = parse_plain(text)
    return f"{_describe_user(user_name, accounts)} SecretKey={MASK}"


def _describe_login_user(text: bytes, accounts: Accounts) -> str:
    return _describe_user(decode_text(text), accounts)


def _describe_password(_text: bytes, _accounts: Accounts) -> str:
    return f"SecretKey={MASK}"


def _describe_nothing(_text: bytes, _accounts: Accounts) -> str:
    return MASK


_INITIAL = {b"PLAIN": _describe_plain, b"LOGIN": _describe_login_user}
_RESPONSES = {
    Awaiting.PLAIN: _describe_plain,
    Awaiting.LOGIN_USER: _describe_login_user,
    Awaiting.LOGIN_PASSWORD: _describe_password,
}
