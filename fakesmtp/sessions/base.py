"""What every session has, open or ended, of this server or from a file."""

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


#: How many refusals of one session a list and an error show. A session may have thousands.
_SHOWN = 20


class BaseSession:
    """One connection's life (RFC 5321 §2.3.7: what the standard calls a session)."""

    __slots__ = ()

    #: Whether events are kept at all.
    is_recorded: ClassVar[bool] = True
    #: What is said of a session without an end.
    without_end: ClassVar[str] = "still open"
    #: The session's name, one of its own on its server.
    id: str
    #: The client's address and port, `127.0.0.1:51234`.
    peer: str
    #: The port of the real endpoint that the listener stands for.
    port: int
    #: The port that the client connected to; 0 where that is not known.
    local_port: int
    #: When the connection was made (seconds since the epoch).
    _started: float
    tls: TlsFacts | None
    login: Login | None
    #: `PLAIN` or `LOGIN`, once that has succeeded.
    mechanism: str | None
    #: How it ended; None while it lasts.
    end: Ended | None
    #: How many events were not kept because the session has too many.
    cut: int
    #: How many messages were taken.
    message_count: int
    #: What was collected while the events came.
    facts: Facts
    #: What the session belongs to, while it lives in its server.
    owner: object = None

    @property
    def closed_by(self) -> ClosedBy | None:
        """Why it ended; None while it lasts."""
        return ClosedBy(self.end.closed_by) if self.end else None

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, in order."""
        raise NotImplementedError

    @property
    def duration(self) -> float | None:
        """Seconds from connect to close; None while it lasts."""
        raise NotImplementedError

    def message_data(self, message_id: str) -> bytes | None:
        """Give the bytes of a message that came in this session, where they are at hand."""
        del message_id
        return None

    def digest(self, message: Message) -> str | None:
        """Give the SHA-256 of message data, hexadecimal; None when the message is gone."""
        from hashlib import sha256  # noqa: PLC0415 - lazily: no server should start later for it

        if message.sha256 is not None:
            return message.sha256
        raw = self.message_data(message.message_id)
        return None if raw is None else sha256(raw).hexdigest()

    @property
    def started_at(self) -> datetime:
        """When the connection was made (UTC)."""
        return datetime.fromtimestamp(self._started, UTC)

    @property
    def app_key(self) -> str | None:
        """The AppKey that logged in."""
        return self.login.app_key if self.login else None

    @property
    def mail_type(self) -> MailType | None:
        """The purpose of the messages that the login gave."""
        return self.login.mail_type if self.login else None

    @property
    def ending(self) -> str:
        """Why it ended, in words; `""` while it lasts."""
        return str(self.end) if self.end else ""

    @property
    def tls_failure(self) -> str | None:
        """Why the handshake failed, in words; None when none did."""
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
        """What was noted about the client."""
        return tuple(self._texts("note"))

    def _texts(self, kind: str) -> Iterator[str]:
        """Give what the events of a kind say, by its name."""
        return (event.text for event in self.events if event.kind == kind)

    @property
    def refused(self) -> int:
        """How many replies of 4xx and 5xx there were. Reads no events."""
        return self.facts.refused

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The replies of 4xx and 5xx, each with the command that it answered. Reads no events."""
        return self.facts.refusals()

    @property
    def first_refusals(self) -> tuple[Refusal, ...]:
        """The first 20 of them, for a list. Reads no events."""
        return self.facts.refusals(_SHOWN)

    def describe_refusals(self) -> list[str]:
        """Describe what was refused, in a line each: the first refusals, and how many more."""
        where = f"session {self.id} on port {self.port}"
        lines = [f"{where}: {refusal}" for refusal in self.first_refusals]
        more = self.refused - len(lines)
        return [*lines, f"{where}: and {more:,} more"] if more else lines

    def __repr__(self) -> str:
        state = self.closed_by.value if self.closed_by else "open"
        return f"<Session {self.id} port {self.port} from {self.peer}: {state}>"
