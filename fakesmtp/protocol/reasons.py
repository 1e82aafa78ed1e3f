"""Why AUTH was refused: for the developer, in notes. A client is told no more than the reply.

No reason shows a SecretKey or a part of one.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.actions import Note
from fakesmtp.protocol.credentials import MailType, may_be_mail_type
from fakesmtp.protocol.sasl import MECHANISMS, may_be_wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fakesmtp.protocol.accounts import Account

#: What a note with a reason begins with; recordings are read by it.
BECAUSE = "refused because "
_TYPES = "'normal', 'auth' and 'ad'"
_WRAPPED = "; was the Base64 response wrapped over several lines? It must be one line (RFC 4954 §4)"


def because(reason: str, response: bytes = b"") -> Note:
    """Return the note that tells a reason; `response` is what was refused, as it came."""
    return Note(f"{BECAUSE}{reason}{_WRAPPED if may_be_wrapped(response) else ''}")


class Slip(NamedTuple):
    """A common mistake: `undo` makes of what was sent what should have been."""

    words: str
    undo: Callable[[str], str]
    #: What is done to both before they are compared.
    fold: Callable[[str], str] = str


def _decode_again(text: str) -> str:
    try:
        return a2b_base64(text).decode()
    except ValueError:
        return text


def _unquote(text: str) -> str:
    from urllib.parse import unquote  # noqa: PLC0415 - lazily: for a refused login alone

    return unquote(text)


#: In this order: the first that fits is told.
_SLIPS = (
    Slip("ends with a line end (`echo -n` and `printf` write none)", lambda t: t.rstrip("\r\n")),
    Slip("ends with a blank", str.rstrip),
    Slip("starts with a blank", str.lstrip),
    Slip("has blanks around it", str.strip),
    Slip("is in quotes", lambda t: t.strip().strip("'\"")),
    Slip("is in another case", str, str.casefold),
    Slip("was encoded as Base64 twice", _decode_again),
    Slip("is percent-encoded", _unquote),
    Slip("goes on with '%23' in place of '#'", lambda text: text.partition("%23")[0]),
)


def find_slip(sent: str, known: Iterable[str]) -> tuple[str, str] | None:
    """Return the mistake that made `sent` of one of `known`, in words, and which one it is."""
    right = tuple(known)
    for words, undo, fold in _SLIPS:
        mended = fold(undo(sent))
        for each in right:
            if fold(each) == mended:
                return words, each
    return None


def explain_mail_type(type_name: str) -> str:
    """Say what is wrong with the mail type of a user name."""
    if not type_name:
        return f"no mail type follows the '#' of the user name; allowed are {_TYPES}"
    if "#" in type_name:
        return "the user name has more than one '#'; it is AppKey or AppKey#type"
    slip = find_slip(type_name, MailType.__members__.values())
    shown = f"the mail type '{type_name}'" if may_be_mail_type(type_name) else "the mail type"
    if slip is not None:
        return f"{shown} {slip[0]}: write '{slip[1]}'"
    return f"{shown} is unknown; allowed are {_TYPES}"


def explain_mechanism(argument: str) -> str:
    """Say what is wrong with the argument of AUTH when it names no mechanism that is offered."""
    if argument.startswith(" "):
        return "more than one blank follows AUTH (RFC 4954 §4: one)"
    name = argument.partition(" ")[0].upper()
    offered = "offered are LOGIN and PLAIN"
    if name in MECHANISMS:
        return f"the mechanism {name} is not offered; {offered}"
    return f"the word after AUTH is not a mechanism; {offered}"


def explain_login(app_key: str, secret_key: str, shown: str, accounts: Sequence[Account]) -> str:
    """Say why an AppKey and a SecretKey open none of the accounts; `shown` is the AppKey masked."""
    if not accounts:
        return "no account is set"
    keys = {account.app_key: account.secret_key for account in accounts}
    if app_key in keys:
        return _explain_secret_key(app_key, secret_key, keys)
    return _explain_app_key(app_key, secret_key, shown, keys)


def _explain_secret_key(app_key: str, secret_key: str, keys: dict[str, str]) -> str:
    known, whose = keys[app_key], f"the SecretKey of AppKey '{app_key}'"
    others = [key for key, secret in keys.items() if secret == secret_key]
    if not secret_key:
        return f"{whose} is empty"
    if others:
        return f"{whose} is wrong: it is that of AppKey '{others[0]}'"
    if slip := find_slip(secret_key, [known]):
        return f"{whose} {slip[0]}"
    if known.startswith(secret_key):
        return f"{whose} is cut off after {len(secret_key)} characters"
    return f"{whose} is wrong"


def _explain_app_key(app_key: str, secret_key: str, shown: str, keys: dict[str, str]) -> str:
    if app_key in keys.values():
        if secret_key.partition("#")[0] in keys:
            return "AppKey and SecretKey are swapped: the user name is the AppKey"
        return "the user name is a SecretKey; it must be an AppKey, alone or as AppKey#type"
    if not app_key:
        return "the AppKey is empty"
    if slip := find_slip(app_key, keys):
        return f"the AppKey {slip[0]}; the server has the AppKey '{slip[1]}'"
    first, *more = keys
    others = f" and {len(more)} more" if more else ""
    return f"the AppKey '{shown}' is unknown; the server has the AppKey '{first}'{others}"
