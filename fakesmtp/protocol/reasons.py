"""Why AUTH was refused, and notes with the reason of a refusal. The client only gets the reply.

No reason contains a SecretKey or a part of one.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.actions import Note
from fakesmtp.protocol.credentials import MailType, may_be_mail_type
from fakesmtp.protocol.sasl import MECHANISMS, may_be_wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fakesmtp.protocol.credentials import Account

#: The beginning of a note with a reason; recordings are searched for it.
BECAUSE = "refused because "
_TYPES = "'normal', 'auth' and 'ad'"
_WRAPPED = "; was the Base64 response wrapped over several lines? It must be one line (RFC 4954 §4)"


def because(reason: str, response: bytes = b"") -> Note:
    """Return the note for a reason; `response` is the refused one as received."""
    return Note(f"{BECAUSE}{reason}{_WRAPPED if may_be_wrapped(response) else ''}")


class Slip(NamedTuple):
    """A common mistake; `undo` turns what was sent into what should have been sent."""

    text: str
    undo: Callable[[str], str]
    #: Applied to both before they are compared.
    fold: Callable[[str], str] = str


def _decode_again(text: str) -> str:
    try:
        return a2b_base64(text).decode()
    except ValueError:
        return text


def _unquote(text: str) -> str:
    from urllib.parse import unquote  # noqa: PLC0415 - lazily: only for a refused login

    return unquote(text)


#: In this order; the first match counts.
_SLIPS = (
    Slip("ends with a line end (`echo -n` and `printf` write none)", lambda t: t.rstrip("\r\n")),
    Slip("ends with a space", str.rstrip),
    Slip("starts with a space", str.lstrip),
    Slip("has spaces around it", str.strip),
    Slip("is in quotes", lambda t: t.strip().strip("'\"")),
    Slip("differs only in case", str, str.casefold),
    Slip("was encoded as Base64 twice", _decode_again),
    Slip("is percent-encoded", _unquote),
    Slip("goes on with '%23' in place of '#'", lambda text: text.partition("%23")[0]),
)


def find_slip(sent: str, known: Iterable[str]) -> tuple[str, str] | None:
    """Return the mistake that turned one of `known` into `sent`, as text, and which one it is."""
    right = tuple(known)
    for text, undo, fold in _SLIPS:
        repaired = fold(undo(sent))
        for each in right:
            if fold(each) == repaired:
                return text, each
    return None


def explain_mail_type(type_name: str) -> str:
    """Return what is wrong with the mail type of a user name."""
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
    """Return what is wrong with the argument of AUTH without an offered mechanism."""
    if argument.startswith(" "):
        return "more than one space follows AUTH (RFC 4954 §4: one)"
    name = argument.partition(" ")[0].upper()
    offered = "offered are LOGIN and PLAIN"
    if name in MECHANISMS:
        return f"the mechanism {name} is not offered; {offered}"
    return f"the word after AUTH is not a mechanism; {offered}"


def explain_login(app_key: str, secret_key: str, shown: str, accounts: Sequence[Account]) -> str:
    """Return why no account has this AppKey and SecretKey; `shown` is the masked AppKey."""
    if not accounts:
        return "no account is set"
    keys = {account.app_key: account.secret_key for account in accounts}
    if app_key in keys:
        return _explain_secret_key(app_key, secret_key, keys)
    return _explain_app_key(app_key, secret_key, shown, keys)


def explain_looked_up(app_key: str, secret_key: str) -> str:
    """Return why a SecretKey is wrong of which only a hash is known."""
    return f"{_name_key(app_key)} is {'wrong' if secret_key else 'empty'}"


def _name_key(app_key: str) -> str:
    return f"the SecretKey of AppKey '{app_key}'"


def _explain_secret_key(app_key: str, secret_key: str, keys: dict[str, str]) -> str:
    known, whose = keys[app_key], _name_key(app_key)
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
