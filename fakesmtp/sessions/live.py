"""A session while its connection writes it. It can be read at any time, from any thread."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic_ns, now
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.contents import MaskedLine, Proxied
from fakesmtp.sessions.facts import LEAST_REFUSAL, Facts
from fakesmtp.sessions.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.findings.rules import Rules
    from fakesmtp.sessions.contents import Content, Ended
    from fakesmtp.sessions.events import Event

_MICROSECOND = 1_000  # nanoseconds
_MICROSECONDS = 1_000_000
#: Number of refusals that are kept after the limit of events; one of 256 bytes counts twice.
_SPARE_REFUSALS = 1_000
_ORDINARY_REFUSAL = 256
#: Step in which the limit of lines and replies grows (bytes).
_SLICE = 4 * 1024
#: Approximate memory of an event, without its text (bytes).
_EVENT = 120
#: Not `bytes | MaskedLine`, which is made again whenever it is used.
_LINES = (bytes, MaskedLine)
_UNRECORDED = MaskedLine("a line that is not recorded")
DEFAULT_MAX_EVENTS = 10_000
DEFAULT_MAX_BYTES = 1024 * 1024


class LiveSession(Session):
    """A session of this server, open or ended: what the recorder writes.

    It keeps contents and times. Events are created when they are read: with a list of events, the
    garbage collector would take as much time as the recorder. It does not look into an array, in
    which a time takes 8 bytes.
    """

    __slots__ = (
        "_began",
        "_contents",
        "_events_left",
        "_facts",
        "_granted",
        "_max_bytes",
        "_raw_of",
        "_rules",
        "_scope",
        "_spare",
        "_started",
        "_times",
        "_unanswered",
        "cut",
        "dropped_lines",
        "end",
        "held",
        "id",
        "local_port",
        "login",
        "mechanism",
        "message_count",
        "on_growth",
        "peer",
        "port",
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
        scope: object = None,
        rules: Rules | None = None,
        max_events: int = DEFAULT_MAX_EVENTS,
        max_bytes: int = DEFAULT_MAX_BYTES,
        raw_of: Callable[[str], bytes | None] | None = None,
    ) -> None:
        self.id = session_id
        self.peer = peer
        self.port, self.local_port = port, local_port
        #: Whose the server was at connect.
        self._scope, self._rules = scope, rules
        self._started = now()
        self.tls = self.login = self.mechanism = self.end = None
        # `size`: approximate bytes of lines and replies in the events. `dropped_lines`: number of
        # over-long lines in the current message.
        self.size = self.cut = self.message_count = self.dropped_lines = 0
        self._began = monotonic_ns()
        self._contents: list[Content] = []
        self._times = array("Q")
        self._facts = Facts()
        self._events_left, self._max_bytes = max_events, max_bytes
        # The current limit, at most `max_bytes`. Each time it grows, `on_growth` is called with the
        # bytes of memory that the session takes in addition to `held`.
        self._granted = self.held = 0
        self.on_growth: Callable[[LiveSession, int], None] | None = None
        self._spare = _SPARE_REFUSALS
        self._unanswered: tuple[int, bytes | MaskedLine] | None = None
        self._raw_of = raw_of

    # -- written by the recorder -------------------------------------------------------------------

    def close(self, end: Ended) -> None:
        """Keep the end; only the first end counts."""
        if self.end is None:
            self._append(monotonic_ns(), end)
            self.end = end

    def digest_of(self, raw: bytes) -> str | None:
        """Return the digest to keep of a message: None, because it takes long for a large message.

        See `Session.digest`.
        """
        del raw
        return None

    def keep(self, content: Content, size: int = 0) -> None:
        """Keep an event if the limits allow it; `size` is the length of its text (bytes)."""
        self._events_left -= 1
        if self._events_left >= 0 and (self.size < self._granted or self._grow()):
            self.size += size
            # The same as `_append`, inlined because every event uses it.
            self._times.append(monotonic_ns())
            self._contents.append(content)
            if type(content) is not Reply or content.wire >= LEAST_REFUSAL:
                self._facts.read(content)
        else:
            self._keep_refusal(content)

    def _grow(self) -> bool:
        """Raise the current limit by one step; return whether another event may be kept."""
        self._granted = min(self.size + _SLICE, self._max_bytes)
        held = self._granted + _EVENT * len(self._contents)
        more, self.held = held - self.held, held
        if more > 0 and self.on_growth is not None:
            self.on_growth(self, more)
        return self._events_left >= 0 and self.size < self._granted

    def forget_events(self) -> None:
        """Forget the events and keep no further ones; client, times and end remain."""
        kept = self.end is not None
        self.cut += len(self._contents) - kept
        # In this order: a reader in another thread takes times and contents in pairs.
        self._contents, self._times = self._contents[-1:] * kept, self._times[-1:] * kept
        self._events_left, self._spare = -1, 0
        self._facts.forget_refusals()

    def _append(self, at: int, content: Content) -> None:
        self._times.append(at)
        self._contents.append(content)
        self._facts.read(content)

    def _keep_refusal(self, content: Content) -> None:
        """Keep a refusal after the limit of events is reached, up to a maximum number."""
        self._events_left, self.cut, at = -1, self.cut + 1, monotonic_ns()
        if isinstance(content, _LINES):
            self._unanswered = (at, content)
        elif isinstance(content, Reply):
            asked, self._unanswered = self._unanswered, None
            if content.wire >= LEAST_REFUSAL and self._spare:
                self._spare = max(0, self._spare - 1 - _count_bytes(content, asked))
                if asked is not None:
                    self._append(*asked)
                self._append(at, content)
                self.cut -= 1 + (asked is not None)

    # -- read by everyone --------------------------------------------------------------------------

    @property
    def duration(self) -> float | None:
        """Seconds from connect to close; None while the session is open."""
        return next(self._since_connect(-1)) / _MICROSECONDS if self.end else None

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        # Imported with the first session that is read, to keep the start fast.
        from fakesmtp.sessions.phases import PhaseReader  # noqa: PLC0415

        return tuple(PhaseReader().read_all(self._since_connect(), self._contents))

    def _since_connect(self, first: int = 0) -> Iterator[int]:
        """Return the times of events from number `first` on, in microseconds since connect."""
        return ((at - self._began) // _MICROSECOND for at in self._times[first:])

    def message_data(self, message_id: str) -> bytes | None:
        """Return the bytes of a message of this session; None if it is not kept."""
        return self._raw_of(message_id) if self._raw_of else None


def _count_bytes(reply: Reply, asked: tuple[int, bytes | MaskedLine] | None) -> int:
    """Return for how many ordinary refusals a refusal counts, by its length."""
    line = asked[1] if asked else b""
    length = len(line.text if isinstance(line, MaskedLine) else line)
    return (len(reply.wire) + length) // _ORDINARY_REFUSAL


class UnrecordedSession(LiveSession):
    """A session of a server that records no events: client, times and end only."""

    __slots__ = ()
    _is_recorded = False

    def keep(self, content: Content, size: int = 0) -> None:
        """Keep only the load balancer, and the fact that the client sent something."""
        del size
        if isinstance(content, Proxied):
            self._facts.read(content)
        elif isinstance(content, bytes | MaskedLine):
            self._facts.read(_UNRECORDED)
