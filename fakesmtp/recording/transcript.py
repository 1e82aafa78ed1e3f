"""A recorded SMTP session: what was said, by whom, when, and how it ended.

The `Session` is written by the connection while it lasts and may be read at any time, from any
thread. It holds no secret: lines are masked before they are kept.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from threading import Lock
from time import perf_counter_ns, time
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.authentication import Awaiting
from fakesmtp.protocol.reply import Reply
from fakesmtp.recording.masking import (
    MASK,
    is_masked_command,
    looks_like_credentials,
    mask_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.credentials import Login

_NANOSECONDS = 1000
_UNKNOWN_COMMAND = 500


class EventKind(str, Enum):
    """What an event is."""

    CLIENT = "client"
    SERVER = "server"
    MESSAGE = "message"
    TLS = "tls"
    NOTE = "note"
    END = "end"


class ClosedBy(str, Enum):
    """Why a session ended."""

    QUIT = "quit"
    CLIENT = "client closed the connection"
    RESET = "connection reset"
    IDLE = "idle for too long"
    TLS = "TLS handshake failed"
    SERVER = "closed by the server"
    STOP = "server stopped"


class TlsFacts(NamedTuple):
    """What was agreed on: `TLSv1.3`, the cipher's name, and the handshake's time in seconds."""

    version: str
    cipher: str
    handshake: float


class Refusal(NamedTuple):
    """A reply of 4xx or 5xx, and the command it answered (`""`: none did)."""

    command: str
    reply: Reply


class Message(NamedTuple):
    """Message data that was received: a reference, not a copy. `size` in bytes."""

    mail_id: str
    size: int


@dataclass(frozen=True)
class Event:
    """One thing that happened; `at` is microseconds since the connection was made."""

    at: int
    kind: EventKind
    text: str
    reply: Reply | None = None


class Session:
    """One connection's life (RFC 5321 §2.3.7: what the standard calls a session)."""

    __slots__ = (
        "_accounts",
        "_end",
        "_hide_reply",
        "_log",
        "_max_events",
        "_started",
        "closed_by",
        "cut",
        "id",
        "listener",
        "login",
        "mechanism",
        "owner",
        "peer",
        "started",
        "tls",
    )

    def __init__(
        self,
        session_id: str,
        *,
        peer: str,
        listener: int,
        accounts: Accounts,
        max_events: int,
        owner: object = None,
    ) -> None:
        self.id = session_id
        #: The client's address and port, `127.0.0.1:51234`.
        self.peer = peer
        #: The port of the real endpoint that the listener stands for.
        self.listener = listener
        #: What the session belongs to: whatever owned the server when the connection was made.
        self.owner = owner
        self.started = time()
        self.tls: TlsFacts | None = None
        self.login: Login | None = None
        self.mechanism: str | None = None
        self.closed_by: ClosedBy | None = None
        #: How many events were not kept because the session has too many.
        self.cut = 0
        self._started = perf_counter_ns()
        self._end: int | None = None
        self._log: list[tuple[int, EventKind, str | bytes | Reply | Message]] = []
        self._max_events = max_events
        self._accounts = accounts
        self._hide_reply = False

    # -- written by the connection -------------------------------------------------------------

    def heard(self, line: bytes, awaiting: Awaiting) -> None:
        """Keep a line of the client, masked."""
        masked = mask_line(line, awaiting, self._accounts)
        self._hide_reply = awaiting is Awaiting.COMMAND and is_masked_command(masked)
        self._keep(EventKind.CLIENT, masked)

    def said(self, reply: Reply) -> None:
        """Keep a reply, without its text where that would repeat a masked line."""
        if reply.code == _UNKNOWN_COMMAND and self._log and self._log[-1][1] is EventKind.CLIENT:
            self._mask_stray_credentials()
        if self._hide_reply:
            self._hide_reply, reply = False, Reply(reply.code, (MASK,))
        self._keep(EventKind.SERVER, reply)

    def _mask_stray_credentials(self) -> None:
        at, kind, line = self._log[-1]
        if isinstance(line, bytes) and looks_like_credentials(line):
            self._log[-1] = (at, kind, MASK.encode())
            self._hide_reply = True

    def took_message(self, mail_id: str, size: int) -> None:
        """Keep that a message arrived."""
        self._keep(EventKind.MESSAGE, Message(mail_id, size))

    def noted(self, text: str) -> None:
        """Keep something worth telling about the client."""
        self._keep(EventKind.NOTE, text)

    def shook_hands(self, tls: TlsFacts) -> None:
        """Keep that TLS is on."""
        self.tls = tls
        self._keep(EventKind.TLS, f"{tls.version} {tls.cipher}")

    def logged_in(self, login: Login, mechanism: str) -> None:
        """Keep who the client is."""
        self.login, self.mechanism = login, mechanism

    def ended(self, closed_by: ClosedBy, detail: str = "") -> None:
        """Keep how it ended; only the first end counts."""
        if self.closed_by is None:
            self.closed_by = closed_by
            text = f"{closed_by.value}: {detail}" if detail else closed_by.value
            self._end = self._now()
            self._log.append((self._end, EventKind.END, text))

    def _keep(self, kind: EventKind, what: str | bytes | Reply | Message) -> None:
        if len(self._log) < self._max_events:
            self._log.append((self._now(), kind, what))
        else:
            self.cut += 1

    def _now(self) -> int:
        return (perf_counter_ns() - self._started) // _NANOSECONDS

    # -- read by everyone ----------------------------------------------------------------------

    @property
    def started_at(self) -> datetime:
        """When the connection was made (UTC)."""
        return datetime.fromtimestamp(self.started, timezone.utc)

    @property
    def duration(self) -> float | None:
        """Seconds from connect to close; None while it lasts."""
        return None if self._end is None else self._end / 1_000_000

    @property
    def app_key(self) -> str | None:
        """The AppKey that logged in."""
        return self.login.app_key if self.login else None

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, in order."""
        return tuple(_event(*entry) for entry in list(self._log))

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines of the client, masked."""
        return tuple(event.text for event in self.events if event.kind is EventKind.CLIENT)

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The replies of the server."""
        return tuple(event.reply for event in self.events if event.reply)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The replies of 4xx and 5xx, each with the command that it answered."""
        return tuple(self._refusals())

    def _refusals(self) -> Iterator[Refusal]:
        command = ""
        for event in self.events:
            if event.kind is EventKind.CLIENT:
                command = event.text
            elif event.kind is EventKind.MESSAGE:
                command = "end of data"
            elif event.reply and event.reply.is_refusal:
                yield Refusal(command, event.reply)

    def describe_refusals(self) -> list[str]:
        """Say in a line each what was refused."""
        where = f"session {self.id} on port {self.listener}"
        return [f"{where}: {refusal.command} -> {refusal.reply}" for refusal in self.refusals]

    def transcript(self) -> str:
        """The session in the style of NHN's guide: `C:` and `S:` in front of every line."""
        lines = []
        for event in self.events:
            mark = _MARKS[event.kind]
            lines += [f"{mark} {line}" for line in event.text.split("\n")]
        if self.cut:
            lines.append(f"-- {self.cut} more events were not kept")
        return "\n".join(lines)

    def __repr__(self) -> str:
        state = self.closed_by.value if self.closed_by else "open"
        return f"<Session {self.id} port {self.listener} from {self.peer}: {state}>"


_MARKS = {
    EventKind.CLIENT: "C:",
    EventKind.SERVER: "S:",
    EventKind.MESSAGE: "C:",
    EventKind.TLS: "--",
    EventKind.NOTE: "--",
    EventKind.END: "--",
}


def _event(at: int, kind: EventKind, what: str | bytes | Reply | Message) -> Event:
    if isinstance(what, Reply):
        return Event(at, kind, str(what), what)
    if isinstance(what, Message):
        return Event(at, kind, f"(message data: {what.size} bytes, mail {what.mail_id})")
    text = what if isinstance(what, str) else what.decode("utf-8", "backslashreplace")
    return Event(at, kind, text)


class SessionLog:
    """The sessions of one server: the newest `max_sessions`, each with at most `max_events`."""

    def __init__(self, *, max_sessions: int = 10_000, max_events: int = 10_000) -> None:
        self._sessions: deque[Session] = deque(maxlen=max_sessions)
        self._lock = Lock()
        self.max_events = max_events
        #: How many sessions there were, kept or not.
        self.opened = 0

    def add(self, session: Session) -> None:
        """Keep a session that has just begun; the oldest one goes when there are too many."""
        with self._lock:
            self.opened += 1
            self._sessions.append(session)

    @property
    def dropped(self) -> int:
        """How many sessions are no longer kept."""
        return self.opened - len(self._sessions)

    def snapshot(self) -> list[Session]:
        """The kept sessions, oldest first."""
        with self._lock:
            return list(self._sessions)

    def forget(self, owner: object) -> None:
        """Forget the sessions of an owner, as if there had been none."""
        with self._lock:
            kept = [session for session in self._sessions if session.owner is not owner]
            self.opened -= len(self._sessions) - len(kept)
            self._sessions.clear()
            self._sessions.extend(kept)

    def clear(self) -> None:
        """Forget all sessions; those that are open go on unrecorded in this log."""
        with self._lock:
            self._sessions.clear()
            self.opened = 0
