"""What happens in a session, as values: events, their kinds and phases, and the facts in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fakesmtp.protocol.reply import Reply
from fakesmtp.text import show, show_lines

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Self

_LINE_ENDS = b"\r\n"


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

    message_id: str
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


def show_line(line: bytes) -> str:
    """Write the line of a client without its end, which may have any bytes in it."""
    return show(line.rstrip(_LINE_ENDS).decode("utf-8", "backslashreplace"))


# -- events ----------------------------------------------------------------------------------------

#: The facts of an event that has some.
About: TypeAlias = Message | TlsFacts | LoggedIn | Fault | Ended
#: What an event holds: see `Event`.
Content: TypeAlias = bytes | str | Reply | About


def _show_message(message: Message) -> str:
    what = f"message {message.message_id}" if message.message_id else "dropped"
    return show(f"(message data: {message.size} bytes, {what})")


def _show_tls(tls: TlsFacts) -> str:
    name = f", server name {tls.sni}" if tls.sni else ""
    return show(f"{tls.version} {tls.cipher}{name}")


def _show_login(login: LoggedIn) -> str:
    return show(f"logged in: {login.app_key}#{login.mail_type} ({login.mechanism})")


def _show_fault(fault: Fault) -> str:
    return show(f"planned fault {fault.rule!r} at {fault.where}: {fault.what}")


def show_end(end: Ended) -> str:
    """Say why a session is over."""
    return show(f"{end.closed_by}: {end.detail}" if end.detail else end.closed_by)


class Masked(bytes):
    """The line of a client without its end, with what is secret in it masked."""

    __slots__ = ()


#: The kind of an event and how it is shown, by the type of its content.
_TYPES: dict[type, tuple[EventKind, Callable[..., str]]] = {
    bytes: (EventKind.CLIENT, show_line),
    Masked: (EventKind.CLIENT, show_line),
    Reply: (EventKind.SERVER, lambda reply: show_lines(str(reply))),
    Message: (EventKind.MESSAGE, _show_message),
    TlsFacts: (EventKind.TLS, _show_tls),
    LoggedIn: (EventKind.LOGIN, _show_login),
    str: (EventKind.NOTE, show),
    Fault: (EventKind.FAULT, _show_fault),
    Ended: (EventKind.END, show_end),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `at` is in microseconds since the connection was made.

    `content` is the line of a client (bytes; `Masked` and without its end where it is not as it
    came), a `Reply`, the text of a note, or the facts of any other event. All else is read from it.
    """

    at: int
    content: Content
    phase: Phase = Phase.OTHER

    @property
    def masked(self) -> bool:
        """Whether the line of a client is not as it came."""
        return isinstance(self.content, Masked)

    @property
    def kind(self) -> EventKind:
        """What the event is."""
        return _TYPES[type(self.content)][0]

    @property
    def text(self) -> str:
        """What can be shown anywhere: no character in it moves a cursor."""
        return _TYPES[type(self.content)][1](self.content)

    @property
    def raw(self) -> bytes:
        """The line of a client as it came, with its end, unless `masked`."""
        return self.content if isinstance(self.content, bytes) else b""

    @property
    def reply(self) -> Reply | None:
        """The reply, of an event of the server."""
        return self.content if isinstance(self.content, Reply) else None

    @property
    def about(self) -> About | None:
        """The facts of an event that has some."""
        return None if isinstance(self.content, bytes | str | Reply) else self.content

    @property
    def message(self) -> Message | None:
        """The message data that was received, of an event of that kind."""
        return self.content if isinstance(self.content, Message) else None
