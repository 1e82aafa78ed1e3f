"""The content of each event that a session keeps: plain values without secrets."""

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
    """The parts of a session, in the usual order."""

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
        """The name for display."""
        return "TLS" if self is Phase.TLS else self.value


class Credentials(NamedTuple):
    """The parts of a login that may be kept; `command` is `AUTH PLAIN` with an initial response.

    A part that is unknown, or may hold a secret, is None or `***`. The SecretKey is never kept.
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
    """A masked line of the client, without its line end."""

    text: str
    credentials: Credentials | None = None


class Message(NamedTuple):
    """Message data that was received: a reference, not a copy.

    `size` is in bytes. `sha256` is the digest of these bytes (hexadecimal); None if it was not
    computed: see `Session.digest`.
    """

    message_id: str
    size: int
    sha256: str | None = None


class TlsFacts(NamedTuple):
    """The result of a handshake: `TLSv1.3`, the cipher's name, and the duration in seconds.

    `sni` is the host name that the client requested (RFC 6066 §3), `alpn` the selected protocol
    (RFC 7301); None if there was none.
    """

    version: str
    cipher: str
    handshake: float
    sni: str | None = None
    alpn: str | None = None

    @classmethod
    def read(cls, tls: ssl.SSLObject, handshake: float) -> Self:
        """Read the facts of a connection; `handshake` is its duration (seconds)."""
        cipher = tls.cipher()
        return cls(
            version=tls.version() or "",
            cipher=cipher[0] if cipher else "",
            handshake=handshake,
            sni=getattr(tls, "sni", None),
            alpn=tls.selected_alpn_protocol(),
        )


class Proxied(NamedTuple):
    """A PROXY protocol header: the load balancer's address and port, and the version (1 or 2).

    `names_client` is False if the header named no client, so that the peer of the session is the
    load balancer itself.
    """

    proxy: str
    version: int
    names_client: bool


class LoggedIn(NamedTuple):
    """A successful login: AppKey, mail type and mechanism (`PLAIN` or `LOGIN`)."""

    app_key: str
    mail_type: str
    mechanism: str


class Fault(NamedTuple):
    """A planned fault that was applied: the rule's name, the stage, the effect."""

    rule: str
    where: str
    what: str


class Ended(NamedTuple):
    """Why the session ended: the value of a `ClosedBy`, and a detail or `""`."""

    closed_by: str
    detail: str

    def __str__(self) -> str:
        return show(f"{self.closed_by}: {self.detail}" if self.detail else self.closed_by)


#: What a session keeps of an event. Bytes are a line of the client as received, with its line end;
#: a text is a note.
Content: TypeAlias = (
    bytes | MaskedLine | Reply | Message | TlsFacts | Proxied | LoggedIn | str | Fault | Ended
)


def show_line(line: bytes) -> str:
    """Return a line of the client as text, without its line end. Any bytes are allowed."""
    return show(line.rstrip(_LINE_ENDS).decode("utf-8", "backslashreplace"))
