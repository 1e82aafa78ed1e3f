"""The facts of every session: a `Session` without what reads its events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from fakesmtp.sessions.causes import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.protocol.credentials import Login, MailType
    from fakesmtp.protocol.reply import Reply
    from fakesmtp.sessions.contents import Ended, Message, TlsFacts
    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.facts import Facts, Refusal


#: The outcome of a session without an end.
STILL_OPEN = "still open"
#: How many refusals of one session a list and an error show. A session may have thousands.
_SHOWN = 20


class BaseSession:
    """One SMTP connection, from accept to close (RFC 5321 §2.3.7)."""

    __slots__ = ()

    #: Whether events are kept at all.
    _is_recorded: ClassVar[bool] = True
    #: The text for a session without an end.
    _without_end: str = STILL_OPEN
    #: The id of the session, unique on its server.
    id: str
    #: The client's address and port, `127.0.0.1:51234`.
    peer: str
    #: The endpoint's port (587).
    port: int
    #: The local port that the client connected to; 0 if unknown.
    local_port: int
    #: The time of the connect (seconds since the epoch).
    _started: float
    tls: TlsFacts | None
    login: Login | None
    #: `PLAIN` or `LOGIN`; None before a successful login.
    mechanism: str | None
    #: How the session ended; None while it is open.
    end: Ended | None
    #: Number of events that were not kept, because the session has too many.
    cut: int
    #: Number of messages that were accepted.
    message_count: int
    #: The facts that were collected while events arrived.
    _facts: Facts
    #: Whose the session is (a test's or an account's) while its server keeps it.
    _scope: object = None

    @property
    def closed_by(self) -> ClosedBy | None:
        """Why the session ended; None while it is open."""
        return ClosedBy(self.end.closed_by) if self.end else None

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        raise NotImplementedError

    @property
    def duration(self) -> float | None:
        """Seconds from connect to close; None while the session is open."""
        raise NotImplementedError

    def message_data(self, message_id: str) -> bytes | None:
        """Return the bytes of a message of this session; None if they are not available."""
        del message_id
        return None

    def digest(self, message: Message) -> str | None:
        """Return the SHA-256 of message data (hexadecimal); None if the message is not kept."""
        from hashlib import sha256  # noqa: PLC0415 - lazily: keeps the start of a server fast

        if message.sha256 is not None:
            return message.sha256
        raw = self.message_data(message.message_id)
        return None if raw is None else sha256(raw).hexdigest()

    @property
    def started_at(self) -> datetime:
        """The time of the connect (UTC)."""
        return datetime.fromtimestamp(self._started, UTC)

    @property
    def proxy(self) -> str | None:
        """Address and port of the load balancer, if it named the client (PROXY protocol)."""
        return self._facts.proxy

    @property
    def app_key(self) -> str | None:
        """The AppKey that logged in."""
        return self.login.app_key if self.login else None

    @property
    def mail_type(self) -> MailType | None:
        """The mail type of the login."""
        return self.login.mail_type if self.login else None

    @property
    def _is_open(self) -> bool:
        """Whether the session is open; a recording without an end is not."""
        return self.end is None and self._without_end == STILL_OPEN

    @property
    def ending(self) -> str:
        """Why the session ended, as text; `""` while it is open."""
        return str(self.end) if self.end else ""

    @property
    def tls_failure(self) -> str | None:
        """Why the TLS handshake failed, as text; None if no handshake failed."""
        return self.ending if self.closed_by is ClosedBy.TLS else None

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines of the client, masked."""
        return tuple(self._texts("client"))

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The replies of the server."""
        return tuple(event.reply for event in self.events if event.reply)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes about the client."""
        return tuple(self._texts("note"))

    def _texts(self, kind: str) -> Iterator[str]:
        """Return the texts of the events of a kind (its name)."""
        return (event.text for event in self.events if event.kind == kind)

    @property
    def refused(self) -> int:
        """The number of 4xx and 5xx replies. Reads no events."""
        return self._facts.refused

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The 4xx and 5xx replies, each with the command it answers. Reads no events."""
        return self._facts.refusals()

    @property
    def first_refusals(self) -> tuple[Refusal, ...]:
        """The first 20 refusals, for a list. Reads no events."""
        return self._facts.refusals(_SHOWN)

    def describe_refusals(self) -> list[str]:
        """Return one line for each of the first refusals, and one for the number of others."""
        where = f"session {self.id} on port {self.port}"
        lines = [f"{where}: {refusal}" for refusal in self.first_refusals]
        more = self.refused - len(lines)
        return [*lines, f"{where}: and {more:,} more"] if more else lines

    def __repr__(self) -> str:
        state = self.closed_by or ("open" if self._is_open else self._without_end)
        return f"<Session {self.id} port {self.port} from {self.peer}: {state}>"
