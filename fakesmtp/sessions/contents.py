"""What a session keeps of each event: plain values, with nothing secret in them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fakesmtp.protocol.reply import Reply
from fakesmtp.protocol.secret import MASK
from fakesmtp.text import show

if TYPE_CHECKING:
    import ssl
    from typing import Self

_LINE_ENDS = b"\r\n"


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


class Credentials(NamedTuple):
    """What may be kept of a login: `command` is `AUTH PLAIN` where the response came with it.

    A part that is not known, or may hold a secret, is None or `***`. The SecretKey is never here.
    """

    command: str = ""
    app_key: str | None = None
    mail_type: str | None = None
    has_secret_key: bool = False

    def __str__(self) -> str:
        parts = (
            self.command,
            f"AppKey={self.app_key}" if self.app_key is not None else "",
            f"mailType={self.mail_type}" if self.mail_type is not None else "",
            f"SecretKey={MASK}" if self.has_secret_key else "",
        )
        return " ".join(filter(None, parts))


class MaskedLine(NamedTuple):
    """A line of the client with what is secret in it masked, without its end."""

    text: str
    credentials: Credentials | None = None


class Message(NamedTuple):
    """Message data that was received: a reference, not a copy.

    `size` is in bytes. `sha256` is the digest of these bytes (hexadecimal), None where it was not
    taken: see `Recorded.digest`.
    """

    message_id: str
    size: int
    sha256: str | None = None


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


class LoggedIn(NamedTuple):
    """Who the client is: the AppKey, the mail type's name, `PLAIN` or `LOGIN`."""

    app_key: str
    mail_type: str
    mechanism: str


class Fault(NamedTuple):
    """A planned fault that was applied: the rule's name, the stage, what it did."""

    rule: str
    where: str
    what: str


class Ended(NamedTuple):
    """Why the session ended: the value of a `ClosedBy`, and more about it, or `""`."""

    closed_by: str
    detail: str

    def __str__(self) -> str:
        return show(f"{self.closed_by}: {self.detail}" if self.detail else self.closed_by)


#: What a session keeps of an event. Bytes are a line of the client as it came, with its end; a text
#: is a note.
Content: TypeAlias = (
    bytes | MaskedLine | Reply | Message | TlsFacts | LoggedIn | str | Fault | Ended
)


def show_line(line: bytes) -> str:
    """Show a line of the client without its end, whatever bytes are in it."""
    return show(line.rstrip(_LINE_ENDS).decode("utf-8", "backslashreplace"))
