"""The words of a rule: the places, the faults, and which fault can be at which place."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Where(StrEnum):
    """A place in a session, in the order in which a session comes to them."""

    #: The client is connected and nothing was said; before the handshake of an implicit TLS port.
    CONNECT = "connect"
    #: The certificate is about to be shown.
    TLS_HANDSHAKE = "tls-handshake"
    #: The 220 is about to be said.
    GREETING = "greeting"
    #: EHLO or HELO came.
    EHLO = "ehlo"
    STARTTLS = "starttls"
    #: The line came that completes the credentials, whatever the mechanism.
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    #: `after_bytes` bytes of a message came, and its end did not.
    DATA_BODY = "data-body"
    #: A whole message came.
    END_OF_DATA = "end-of-data"
    RSET = "rset"
    NOOP = "noop"
    QUIT = "quit"
    #: Any of those that are answered, and any other command.
    ANY = "any"


class What(StrEnum):
    """What goes wrong."""

    REPLY = "reply"
    DELAY = "delay"
    STALL = "stall"
    DROP = "drop"
    RESET = "reset"
    HALF_REPLY = "half-reply"
    GARBAGE = "garbage"
    SLOW_LINK = "slow-link"
    REFUSE_STARTTLS = "refuse-starttls"
    STRIP_STARTTLS = "strip-starttls"
    BAD_CERTIFICATE = "bad-certificate"
    OLD_TLS = "old-tls"
    LOSE_REPLY = "lose-reply"
    KEEP_NOTHING = "keep-nothing"


#: What can be wrong with a certificate.
FLAWS = ("expired", "not-yet-valid", "wrong-name", "unknown-authority", "self-signed")
#: What the server is told to shake hands with, for `old-tls`.
OLD_TLS = "old-tls"

_EVERYWHERE = frozenset(Where)
#: Places where the client waits for a reply, and has said what the server could obey.
ANSWERED = _EVERYWHERE - {Where.CONNECT, Where.TLS_HANDSHAKE, Where.DATA_BODY}

#: The table: where each fault can be.
PLACES: Mapping[What, frozenset[Where]] = {
    What.REPLY: ANSWERED | {Where.DATA_BODY},
    What.DELAY: _EVERYWHERE,
    What.STALL: _EVERYWHERE,
    What.DROP: _EVERYWHERE,
    What.RESET: _EVERYWHERE,
    What.HALF_REPLY: ANSWERED,
    What.GARBAGE: ANSWERED | {Where.CONNECT, Where.TLS_HANDSHAKE},
    What.SLOW_LINK: _EVERYWHERE - {Where.TLS_HANDSHAKE},
    What.REFUSE_STARTTLS: frozenset({Where.STARTTLS}),
    What.STRIP_STARTTLS: frozenset({Where.EHLO}),
    What.BAD_CERTIFICATE: frozenset({Where.TLS_HANDSHAKE}),
    What.OLD_TLS: frozenset({Where.TLS_HANDSHAKE}),
    What.LOSE_REPLY: frozenset({Where.END_OF_DATA}),
    What.KEEP_NOTHING: frozenset({Where.END_OF_DATA}),
}

#: These come in the place of what the dialogue would do; the first one of them that strikes is the
#: last rule that is asked.
REPLACING = frozenset(
    {
        What.REPLY,
        What.STALL,
        What.DROP,
        What.RESET,
        What.GARBAGE,
        What.REFUSE_STARTTLS,
        What.BAD_CERTIFICATE,
        What.OLD_TLS,
    }
)


class Parameters(NamedTuple):
    """The words that a fault needs, and those that it may have."""

    needed: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


PARAMETERS: Mapping[What, Parameters] = {
    What.REPLY: Parameters(("reply",), ("close",)),
    What.DELAY: Parameters(("seconds",)),
    What.STALL: Parameters((), ("seconds",)),
    What.GARBAGE: Parameters((), ("close",)),
    What.SLOW_LINK: Parameters(("bytes_per_second",)),
    What.BAD_CERTIFICATE: Parameters(("certificate",)),
}

#: A word that says by itself what happens, so that `what` can be left out.
IMPLIED: Mapping[str, What] = {
    "reply": What.REPLY,
    "seconds": What.DELAY,
    "bytes_per_second": What.SLOW_LINK,
    "certificate": What.BAD_CERTIFICATE,
}

#: Words that ask for what is known only from some place on, and at which places that is.
KNOWN_AT: Mapping[str, frozenset[Where]] = {
    "ehlo": _EVERYWHERE - {Where.CONNECT, Where.GREETING},
    "app_key": _EVERYWHERE - {Where.CONNECT, Where.GREETING, Where.TLS_HANDSHAKE, Where.STARTTLS},
    "mail_type": _EVERYWHERE - {Where.CONNECT, Where.GREETING, Where.TLS_HANDSHAKE, Where.STARTTLS},
    "sender": frozenset(
        {Where.MAIL, Where.RCPT, Where.DATA, Where.DATA_BODY, Where.END_OF_DATA}
        | {Where.RSET, Where.NOOP, Where.QUIT, Where.ANY}
    ),
    "to": frozenset(
        {Where.RCPT, Where.DATA, Where.DATA_BODY, Where.END_OF_DATA}
        | {Where.RSET, Where.NOOP, Where.QUIT, Where.ANY}
    ),
    "subject": frozenset({Where.END_OF_DATA}),
    "headers": frozenset({Where.END_OF_DATA}),
    "after_bytes": frozenset({Where.DATA_BODY}),
    "over_rate": frozenset({Where.MAIL}),
    "over_recipients": frozenset({Where.RCPT}),
    "over_connections": frozenset({Where.CONNECT, Where.GREETING}),
    "over_size": frozenset({Where.END_OF_DATA}),
}


class RuleError(ConfigurationError):
    """A rule that cannot be; `word` is the one that is wrong, where one is."""

    def __init__(self, message: str, word: str = "") -> None:
        super().__init__(message)
        self.word = word


def suggest(word: object, known: Iterable[str]) -> str:
    """Say which of the known words is meant, or name them all."""
    known = list(known)
    near = get_close_matches(word, known, n=1) if isinstance(word, str) else ()
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def list_places(places: Iterable[Where]) -> str:
    """Name places in the order of a session."""
    places = set(places)
    return ", ".join(str(where) for where in Where if where in places)
