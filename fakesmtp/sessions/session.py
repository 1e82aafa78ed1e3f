"""A session as it is kept while it goes on, and read by everyone, at any time, from any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic_ns, now
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.contents import MaskedLine
from fakesmtp.sessions.facts import LEAST_REFUSAL, Facts
from fakesmtp.sessions.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.findings.rules import Rules
    from fakesmtp.sessions.contents import Content, Ended
    from fakesmtp.sessions.events import Event

_MICROSECOND = 1_000  # nanoseconds
_MICROSECONDS = 1_000_000
#: How many refusals are kept of a session that is cut already; one of 256 bytes counts twice.
_SPARE_REFUSALS = 1_000
_ORDINARY_REFUSAL = 256
#: Bytes of lines and replies that a session is granted at a time.
_SLICE = 4 * 1024
#: Bytes of memory that an event takes besides what was said in it, about.
_EVENT = 120
_UNRECORDED = MaskedLine("a line that is not recorded")
DEFAULT_MAX_EVENTS = 10_000
DEFAULT_MAX_BYTES = 1024 * 1024


class Session(Recorded):
    """A session of this server.

    It keeps what happened, and when. Events are made of that when they are read: a server keeps so
    many that the garbage collector would take as long to visit them as it takes to write them.
    """

    __slots__ = (
        "_began",
        "_contents",
        "_granted",
        "_max_bytes",
        "_raw_of",
        "_room",
        "_spare",
        "_started",
        "_times",
        "_unanswered",
        "cut",
        "dropped_lines",
        "end",
        "facts",
        "held",
        "id",
        "local_port",
        "login",
        "mechanism",
        "message_count",
        "on_growth",
        "owner",
        "peer",
        "port",
        "rules",
        "size",
        "tls",
    )

    def __init__(
        self,
        session_id: str,
        *,
        peer: str,
        port: int,
        local_port: int = 0,
        owner: object = None,
        rules: Rules | None = None,
        max_events: int = DEFAULT_MAX_EVENTS,
        max_bytes: int = DEFAULT_MAX_BYTES,
        raw_of: Callable[[str], bytes | None] | None = None,
    ) -> None:
        self.id = session_id
        self.peer = peer
        self.port, self.local_port = port, local_port
        #: What the session belongs to: whatever owned the server when the connection was made.
        self.owner, self.rules = owner, rules
        self._started = now()
        self.tls = self.login = self.mechanism = self.end = None
        # `size`: bytes of lines and replies in the events, about. `dropped_lines`: over-long ones
        # of the message that is being received.
        self.size = self.cut = self.message_count = self.dropped_lines = 0
        self._began = monotonic_ns()
        self._contents: list[Content] = []
        self._times: list[int] = []
        self.facts = Facts()
        self._room, self._max_bytes = max_events, max_bytes
        # Of `max_bytes`, how many it may have by now. With each slice more `on_growth` is told how
        # many bytes of memory the session has taken besides the `held` ones that it was told of.
        self._granted = self.held = 0
        self.on_growth: Callable[[Session, int], None] | None = None
        self._spare = _SPARE_REFUSALS
        self._unanswered: tuple[int, bytes | MaskedLine] | None = None
        self._raw_of = raw_of

    # -- written by the recorder -------------------------------------------------------------------

    def close(self, end: Ended) -> None:
        """Keep how it ended; only the first end counts."""
        if self.end is None:
            self._append(monotonic_ns(), end)
            self.end = end

    def digest_of(self, raw: bytes) -> str | None:
        """Return the digest to keep of a message: None, as that of a big one takes long.

        See `Recorded.digest`.
        """
        del raw
        return None

    def keep(self, content: Content, size: int = 0) -> None:
        """Keep an event while there is room; `size` is how long what was said is, in bytes."""
        self._room -= 1
        if self._room >= 0 and (self.size < self._granted or self._grow()):
            self.size += size
            # As `_append` does: everything that happens comes this way.
            self._times.append(monotonic_ns())
            self._contents.append(content)
            if type(content) is not Reply or content.wire >= LEAST_REFUSAL:
                self.facts.read(content)
        else:
            self._keep_refusal(monotonic_ns(), content)

    def _grow(self) -> bool:
        """Take one more slice of bytes; return whether another event may be kept."""
        self._granted = min(self.size + _SLICE, self._max_bytes)
        held = self._granted + _EVENT * len(self._contents)
        more, self.held = held - self.held, held
        if more > 0 and self.on_growth is not None:
            self.on_growth(self, more)
        return self._room >= 0 and self.size < self._granted

    def let_go(self) -> None:
        """Forget the events, and keep no more of them: only who, when and how it ended."""
        kept = self.end is not None
        self.cut += len(self._contents) - kept
        # In this order: a reader in another thread takes times and contents in pairs.
        self._contents, self._times = self._contents[-1:] * kept, self._times[-1:] * kept
        self._room, self._spare = -1, 0
        self.facts.forget_refusals()

    def _append(self, at: int, content: Content) -> None:
        self._times.append(at)
        self._contents.append(content)
        self.facts.read(content)

    def _keep_refusal(self, at: int, content: Content) -> None:
        """Of a session that is cut, keep what was refused, also that up to a number."""
        self._room, self.cut = -1, self.cut + 1
        if isinstance(content, bytes | MaskedLine):
            self._unanswered = (at, content)
        elif isinstance(content, Reply):
            asked, self._unanswered = self._unanswered, None
            if self._spare and content.is_refusal:
                self._spare = max(0, self._spare - 1 - _count_bytes(content, asked))
                if asked is not None:
                    self._append(*asked)
                self._append(at, content)
                self.cut -= 1 + (asked is not None)

    # -- read by everyone --------------------------------------------------------------------------

    @property
    def duration(self) -> float | None:
        """Seconds from connect to close; None while it lasts."""
        return next(self._since_connect(-1)) / _MICROSECONDS if self.end else None

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, in order."""
        # With the first session that is read: no server should start later for it.
        from fakesmtp.sessions.phases import PhaseReader  # noqa: PLC0415

        return tuple(PhaseReader().read_all(self._since_connect(), self._contents))

    def _since_connect(self, first: int = 0) -> Iterator[int]:
        """Give the times from the event with this number on, in microseconds since connect."""
        return ((at - self._began) // _MICROSECOND for at in self._times[first:])

    def message_data(self, message_id: str) -> bytes | None:
        """Give the bytes of a message that came in this session, as long as it is kept."""
        return self._raw_of(message_id) if self._raw_of else None


def _count_bytes(reply: Reply, asked: tuple[int, bytes | MaskedLine] | None) -> int:
    """Return how many ordinary refusals a refusal is longer than."""
    line = asked[1] if asked else b""
    length = len(line.text if isinstance(line, MaskedLine) else line)
    return (len(reply.wire) + length) // _ORDINARY_REFUSAL


class UnrecordedSession(Session):
    """A session of a server that records none: who, when and how it ended, and no event between."""

    __slots__ = ()
    is_recorded = False

    def keep(self, content: Content, size: int = 0) -> None:
        """Keep that the client sent something, and nothing of it."""
        del size
        if isinstance(content, bytes | MaskedLine):
            self.facts.read(_UNRECORDED)
