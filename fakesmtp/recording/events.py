"""What happens in a session, as values: events, their kinds and phases, and the facts in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl
    from typing import Self

    from fakesmtp.protocol.reply import Reply


class EventKind(StrEnum):
    """What an event is."""

    CLIENT = "client"
    SERVER = "server"
    MESSAGE = "message"
    TLS = "tls"
    LOGIN = "login"
    NOTE = "note"
    FAULT = "fault"
    END = "end"


class Phase(StrEnum):
    """What a part of a session is about, in the usual order."""

    GREETING = "greeting"
    HELLO = "hello"
    TLS = "tls"
    AUTH = "auth"
    ENVELOPE = "envelope"
    DATA = "data"
    QUIT = "quit"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The name as it is shown."""
        return "TLS" if self is Phase.TLS else self.value


class TlsFacts(NamedTuple):
    """What was agreed on: `TLSv1.3`, the cipher's name, and the handshake's time in seconds.

    `sni` is the host name that the client asked for (RFC 6066 §3), `alpn` the protocol that was
    chosen (RFC 7301); None where there was none.
    """

    version: str
    cipher: str
    handshake: float
    sni: str | None = None
    alpn: str | None = None

    @classmethod
    def read(cls, tls: ssl.SSLObject, handshake: float) -> Self:
        """Ask a connection whose handshake took that many seconds."""
        cipher = tls.cipher()
        return cls(
            version=tls.version() or "",
            cipher=cipher[0] if cipher else "",
            handshake=handshake,
            sni=getattr(tls, "sni", None),
            alpn=tls.selected_alpn_protocol(),
        )


class Message(NamedTuple):
    """Message data that was received: a reference, not a copy.

    `size` is in bytes. `sha256` is the digest of these bytes (hexadecimal), None where it was not
    taken: see `Recorded.digest`.
    """

    mail_id: str
    size: int
    sha256: str | None = None


class LoggedIn(NamedTuple):
    """Who the client is: the AppKey, the mail type's name, `PLAIN` or `LOGIN`."""

    app_key: str
    mail_type: str
    mechanism: str


class Fault(NamedTuple):
    """A planned fault that struck: the rule's name, the place, what it did."""

    rule: str
    where: str
    what: str


class Ended(NamedTuple):
    """Why the session is over: the name of a `ClosedBy`'s value, and more about it, or `""`."""

    closed_by: str
    detail: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `at` is microseconds since the connection was made.

    `text` can be shown anywhere: no character in it moves a cursor. `raw` is the line of a client
    as it came, with its end, unless `masked`. `about` holds the facts of an event that has some.
    """

    at: int
    kind: EventKind
    text: str
    reply: Reply | None = None
    phase: Phase = Phase.OTHER
    raw: bytes = b""
    masked: bool = False
    about: Message | TlsFacts | LoggedIn | Fault | Ended | None = None

    @property
    def message(self) -> Message | None:
        """The message data that was received, of an event of that kind."""
        return self.about if isinstance(self.about, Message) else None


def show(text: str) -> str:
    r"""Write what a terminal or a page could obey as `\x1b`: clients send anything."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_lines(text: str) -> str:
    """Write each line so; the ends of lines stay."""
    return text if text.isprintable() else "\n".join(map(show, text.split("\n")))
