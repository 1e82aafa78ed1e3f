"""The recorder: what a connection writes into its session while it lasts, and the log of sessions.

A `Session` may be read at any time, from any thread. It holds no secret: lines are masked before
they are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic_ns, now
from fakesmtp.protocol.authentication import Awaiting
from fakesmtp.protocol.reply import Reply
from fakesmtp.protocol.secret import MASK
from fakesmtp.sessions.causes import ClosedBy, explain_tls_failure
from fakesmtp.sessions.events import Ended, Fault, LoggedIn, Masked, Message
from fakesmtp.sessions.facts import Facts
from fakesmtp.sessions.masking import AS_WRITTEN, Masker
from fakesmtp.sessions.notes import (
    AUTH_IN_CLEAR,
    LONGEST_COMMAND,
    look_at_command,
    look_at_message,
)
from fakesmtp.sessions.phases import PhaseReader
from fakesmtp.sessions.recorded import Recorded
from fakesmtp.text import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.sessions.events import Content, Event, TlsFacts

_COMMAND = Awaiting.COMMAND
_MICROSECOND = 1_000  # nanoseconds
_MICROSECONDS = 1_000_000
#: How many refusals are kept of a session that is cut already; one of 256 bytes counts twice.
_SPARE_REFUSALS = 1_000
_ORDINARY_REFUSAL = 256
#: Bytes of lines and replies that a session is granted at a time.
_SLICE = 4 * 1024
#: Bytes of memory that an event takes besides what was said in it, about.
_EVENT = 120
_UNRECORDED = Masked(b"a line that is not recorded")
_NOTHING: frozenset[str] = frozenset()
DEFAULT_MAX_EVENTS = 10_000
DEFAULT_MAX_BYTES = 1024 * 1024


class Session(Recorded):
    """A session that the connection writes, and everyone reads.

    It keeps what happened, and when. Events are made of that when somebody reads: a server keeps so
    many that the garbage collector would take as long to visit them as it takes to write them.
    """

    __slots__ = (
        "_began",
        "_contents",
        "_find_secret",
        "_granted",
        "_hides_reply",
        "_masker",
        "_max_bytes",
        "_raw_of",
        "_room",
        "_spare",
        "_times",
        "_told",
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
        "size",
        "started",
        "tls",
    )

    def __init__(
        self,
        session_id: str,
        *,
        peer: str,
        port: int,
        accounts: Accounts,
        local_port: int = 0,
        owner: object = None,
        max_events: int = DEFAULT_MAX_EVENTS,
        max_bytes: int = DEFAULT_MAX_BYTES,
        raw_of: Callable[[str], bytes | None] | None = None,
    ) -> None:
        self.id = session_id
        self.peer = peer
        self.port = port
        self.local_port = local_port
        #: What the session belongs to: whatever owned the server when the connection was made.
        self.owner = owner
        self.started = now()
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
        self._told: frozenset[str] = _NOTHING
        self._spare = _SPARE_REFUSALS
        self._unanswered: tuple[int, bytes] | None = None
        self._find_secret = accounts.find_secret
        self._masker = Masker(accounts)
        self._raw_of = raw_of
        self._hides_reply = False

    # -- written by the connection -----------------------------------------------------------------

    def heard(self, line: bytes, awaiting: Awaiting) -> None:
        """Keep a line of the client with its end, masked."""
        if (
            awaiting is _COMMAND
            and line[:5] in AS_WRITTEN
            and len(line) <= LONGEST_COMMAND
            and line.isascii()
            and not self._masker.is_wary
            and not self._find_secret(line)
        ):
            self._hides_reply = False
            self._keep(line, len(line))
        else:
            self._hear_with_care(line, awaiting)

    def _hear_with_care(self, line: bytes, awaiting: Awaiting) -> None:
        after_refused_data = self.facts.has_just_refused_data
        text, is_masked, self._hides_reply, note = self._masker.mask(line, awaiting)
        if is_masked:
            self._keep(Masked(text), len(text))
        else:
            self._keep(line, len(line))
        if awaiting is _COMMAND:
            if self.tls is None and text[:4].upper() == b"AUTH":
                self.noted_once(AUTH_IN_CLEAR)
            if note:
                self.noted_once(note)
            for each in look_at_command(line, after_refused_data=after_refused_data):
                self.noted(each)

    def said(self, reply: Reply) -> None:
        """Keep a reply, without its text where that would repeat a masked line."""
        if self._hides_reply:
            self._hides_reply, reply = False, Reply(reply.code, (MASK,))
        self._keep(reply, len(reply.wire))

    def took_message(self, message_id: str, raw: bytes, envelope: Envelope) -> None:
        """Keep that a message arrived, and what is unusual about it."""
        self.message_count += 1
        self.dropped_lines = 0
        self._keep(Message(message_id, len(raw), self._digest(raw)))
        for note in look_at_message(raw, envelope):
            self.noted(note)

    def dropped_message(self, size: int) -> None:
        """Keep that a message arrived that is not kept."""
        self.dropped_lines = 0
        self._keep(Message("", size))

    def _digest(self, raw: bytes) -> str | None:
        # None now: that of a big message takes as long as its receiving. See `Recorded.digest`.
        del raw
        return None

    def noted(self, text: str) -> None:
        """Keep something worth telling about the client."""
        self._keep(show(text))

    def struck(self, rule: str, where: str, what: str) -> None:
        """Keep that a planned fault struck."""
        self._keep(Fault(rule, where, what))

    def noted_once(self, text: str) -> None:
        """Keep something about the client that a session is told of once."""
        if text not in self._told:
            self._told |= {text}
            self.noted(text)

    def shook_hands(self, tls: TlsFacts) -> None:
        """Keep that TLS is on."""
        if tls.sni and self._find_secret(tls.sni.encode()):
            tls = tls._replace(sni=MASK)
        self.tls = tls
        self._keep(tls)

    def logged_in(self, login: Login, mechanism: str) -> None:
        """Keep who the client is."""
        self.login, self.mechanism = login, mechanism
        self._keep(LoggedIn(login.app_key, login.mail_type.value, mechanism), len(login.app_key))

    def ended(self, closed_by: ClosedBy, detail: str = "") -> None:
        """Keep how it ended; only the first end counts."""
        if self.end is None:
            if closed_by is ClosedBy.TLS:
                detail = explain_tls_failure(detail)
            end = Ended(closed_by.value, detail)
            self._append(self._now(), end)
            self.end = end

    def _keep(self, content: Content, size: int = 0) -> None:
        """Keep an event while there is room; `size` is how long what was said is, in bytes."""
        at = self._now()
        self._room -= 1
        if self._room >= 0 and (self.size < self._granted or self._grow()):
            self.size += size
            self._append(at, content)
        else:
            self._keep_refusal(at, content)

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

    def _now(self) -> int:
        return (monotonic_ns() - self._began) // _MICROSECOND

    def _append(self, at: int, content: Content) -> None:
        self._times.append(at)
        self._contents.append(content)
        self.facts.read(content)

    def _keep_refusal(self, at: int, content: Content) -> None:
        """Of a session that is cut, keep what was refused, also that up to a number."""
        self._room, self.cut = -1, self.cut + 1
        if isinstance(content, bytes):
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
        return self._times[-1] / _MICROSECONDS if self.end else None

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, in order."""
        return tuple(PhaseReader().read_all(self._times, self._contents))

    def message_data(self, message_id: str) -> bytes | None:
        """Give the bytes of a message that came in this session, as long as it is kept."""
        return self._raw_of(message_id) if self._raw_of else None


def _count_bytes(reply: Reply, asked: tuple[int, bytes] | None) -> int:
    """Return how many ordinary refusals a refusal is longer than."""
    return (len(reply.wire) + (len(asked[1]) if asked else 0)) // _ORDINARY_REFUSAL


class UnrecordedSession(Session):
    """A session of a server that records none: who, when and how it ended, and no event between."""

    __slots__ = ()
    is_recorded = False

    def heard(self, line: bytes, awaiting: Awaiting) -> None:
        """Keep that there was one."""
        del line, awaiting
        self.facts.read(_UNRECORDED)

    def said(self, reply: Reply) -> None:
        """Keep nothing."""

    def took_message(self, message_id: str, raw: bytes, envelope: Envelope) -> None:
        """Count it."""
        del message_id, raw, envelope
        self.message_count += 1
        self.dropped_lines = 0

    def noted(self, text: str) -> None:
        """Keep nothing."""
