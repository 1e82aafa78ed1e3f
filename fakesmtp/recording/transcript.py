"""The recorder: what a connection writes into its session while it lasts, and the log of sessions.

A `Session` may be read at any time, from any thread. It holds no secret: lines are masked before
they are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic_ns, now
from fakesmtp.protocol.authentication import Awaiting
from fakesmtp.protocol.reply import Reply
from fakesmtp.recording.causes import ClosedBy, explain_tls_failure
from fakesmtp.recording.masking import AS_WRITTEN, MASK, mask_line, may_be_repeated, strip_line
from fakesmtp.recording.notes import (
    AUTH_IN_CLEAR,
    LONGEST_COMMAND,
    look_at_command,
    look_at_message,
)
from fakesmtp.recording.packing import (
    CLIENT,
    END,
    EXCHANGE,
    FAULT,
    LOGIN,
    MASKED,
    MESSAGE,
    NOTE,
    SERVER,
    TLS,
    pack,
    pack_head,
    pack_message,
    pack_texts,
)
from fakesmtp.recording.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.recording.events import Event, TlsFacts

_COMMAND = Awaiting.COMMAND
_NANOSECONDS = 1_000_000_000
#: Replies that refuse (RFC 5321 §4.2.1) come behind it in the order of bytes, others before it.
_LEAST_REFUSAL = b"4"
#: How many refusals are kept of a session that is cut already.
_SPARE_REFUSALS = 1_000
_NOTHING: frozenset[str] = frozenset()
DEFAULT_MAX_EVENTS = 10_000
DEFAULT_MAX_BYTES = 1024 * 1024


class Session(Recorded):
    """A session that the connection writes, and everyone reads."""

    __slots__ = (
        "_accounts",
        "_began",
        "_find_secret",
        "_hide_reply",
        "_log",
        "_max_bytes",
        "_raw_of",
        "_room",
        "_spare",
        "_told",
        "_unanswered",
        "closed_by",
        "cut",
        "ended_after",
        "id",
        "listener",
        "local_port",
        "login",
        "mails",
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
        local_port: int = 0,
        owner: object = None,
        max_events: int = DEFAULT_MAX_EVENTS,
        max_bytes: int = DEFAULT_MAX_BYTES,
        raw_of: Callable[[str], bytes | None] | None = None,
    ) -> None:
        self.id = session_id
        self.peer = peer
        self.listener = listener
        self.local_port = local_port
        #: What the session belongs to: whatever owned the server when the connection was made.
        self.owner = owner
        self.started = now()
        self.tls: TlsFacts | None = None
        self.login: Login | None = None
        self.mechanism: str | None = None
        self.closed_by: ClosedBy | None = None
        self.cut = 0
        self.mails = 0
        #: Nanoseconds from connect to close.
        self.ended_after: int | None = None
        self._began = monotonic_ns()
        self._log = bytearray()
        self._room = max_events
        self._max_bytes = max_bytes
        self._told: frozenset[str] = _NOTHING
        self._spare = _SPARE_REFUSALS
        self._unanswered: tuple[int, int, bytes] | None = None
        self._accounts = accounts
        self._find_secret = accounts.find_secret
        self._raw_of = raw_of
        self._hide_reply = False

    # -- written by the connection -------------------------------------------------------------

    def heard(self, line: bytes, awaiting: Awaiting) -> None:
        """Keep a line of the client with its end, masked."""
        if (
            awaiting is _COMMAND
            and line[:4] in AS_WRITTEN
            and len(line) <= LONGEST_COMMAND
            and line.isascii()
            and not self._find_secret(line)
        ):
            self._keep(CLIENT, line)
        else:
            self._hear_with_care(line, awaiting)

    def _hear_with_care(self, line: bytes, awaiting: Awaiting) -> None:
        masked = mask_line(line, awaiting, self._accounts)
        if masked == strip_line(line):
            self._keep(CLIENT, line)
        else:
            self._keep(CLIENT | MASKED, masked)
            self._hide_reply = awaiting is _COMMAND and may_be_repeated(masked)
        if awaiting is _COMMAND:
            if self.tls is None and masked[:4].upper() == b"AUTH":
                self.noted_once(AUTH_IN_CLEAR)
            for note in look_at_command(line):
                self.noted(note)

    def exchanged(self, lines: bytes, replies: Sequence[bytes]) -> None:
        """Keep ordinary lines of the client, ASCII and short, and each one's reply as it is sent.

        As one event where that can be: it takes a quarter of the time of one for each.
        """
        count = 2 * len(replies)
        if self._room < 0 and max(replies) < _LEAST_REFUSAL:
            self.cut += count
            return
        if (
            self._room >= count
            and len(self._log) < self._max_bytes
            and not self._find_secret(lines)
        ):
            self._room -= count - 1
            self._keep(EXCHANGE, lines + b"".join(replies))
            return
        for line, reply in zip(lines.splitlines(keepends=True), replies, strict=True):
            self.heard(line, _COMMAND)
            self.said(Reply.of_wire(reply))

    def said(self, reply: Reply) -> None:
        """Keep a reply, without its text where that would repeat a masked line."""
        if self._hide_reply:
            self._hide_reply, reply = False, Reply(reply.code, (MASK,))
        self._keep(SERVER, reply.wire)

    def took_message(self, mail_id: str, raw: bytes, envelope: Envelope) -> None:
        """Keep that a message arrived, and what is unusual about it."""
        self.mails += 1
        self._keep(MESSAGE, pack_message(mail_id, len(raw), self._digest(raw)))
        for note in look_at_message(raw, envelope):
            self.noted(note)

    def dropped_message(self, size: int) -> None:
        """Keep that a message arrived that is not kept."""
        self._keep(MESSAGE, pack_message("", size))

    def _digest(self, raw: bytes) -> str:
        # None now: that of a big mail takes as long as its receiving. See `Recorded.digest`.
        del raw
        return ""

    def noted(self, text: str) -> None:
        """Keep something worth telling about the client."""
        self._keep(NOTE, text.encode())

    def struck(self, rule: str, where: str, what: str) -> None:
        """Keep that a planned fault struck."""
        self._keep(FAULT, pack((rule, where, what)))

    def noted_once(self, text: str) -> None:
        """Keep something about the client that a session is told of once."""
        if text not in self._told:
            self._told |= {text}
            self.noted(text)

    def shook_hands(self, tls: TlsFacts) -> None:
        """Keep that TLS is on."""
        self.tls = tls
        facts = (tls.version, tls.cipher, repr(tls.handshake), tls.alpn or "", tls.sni or "")
        self._keep(TLS, pack_texts(*facts))

    def logged_in(self, login: Login, mechanism: str) -> None:
        """Keep who the client is."""
        self.login, self.mechanism = login, mechanism
        self._keep(LOGIN, pack_texts(login.mail_type, mechanism, login.app_key))

    def ended(self, closed_by: ClosedBy, detail: str = "") -> None:
        """Keep how it ended; only the first end counts."""
        if self.closed_by is None:
            if closed_by is ClosedBy.TLS:
                detail = explain_tls_failure(detail)
            self.ended_after = monotonic_ns() - self._began
            self.closed_by = closed_by
            content = pack_texts(closed_by, detail)
            self._log += pack_head(self.ended_after, len(content), END) + content

    def _keep(self, code: int, content: bytes) -> None:
        self._room -= 1
        if self._room >= 0 and len(self._log) < self._max_bytes:
            self._log += pack_head(monotonic_ns() - self._began, len(content), code) + content
        else:
            self._keep_refusal(code, content)

    def _keep_refusal(self, code: int, content: bytes) -> None:
        """Of a session that is cut, keep what was refused, also that up to a number."""
        self._room, self.cut = -1, self.cut + 1
        if code & ~MASKED == CLIENT:
            self._unanswered = (monotonic_ns() - self._began, code, content)
        elif code == SERVER:
            if self._spare and content >= _LEAST_REFUSAL:
                self._spare -= 1
                said = (monotonic_ns() - self._began, code, content)
                for at, kind, text in filter(None, (self._unanswered, said)):
                    self._log += pack_head(at, len(text), kind) + text
                    self.cut -= 1
            self._unanswered = None

    # -- read by everyone ----------------------------------------------------------------------

    @property
    def duration(self) -> float | None:
        """Seconds from connect to close; None while it lasts."""
        return None if self.ended_after is None else self.ended_after / _NANOSECONDS

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, in order."""
        # Lazily: what reads events is loaded by the first who asks for them, not by the server.
        from fakesmtp.recording.unpacking import Unpacker  # noqa: PLC0415

        return tuple(Unpacker().read(bytes(self._log)))

    @property
    def size(self) -> int:
        """Bytes that the events take."""
        return len(self._log)

    def message_data(self, mail_id: str) -> bytes | None:
        """Give the bytes of a mail that came in this session, as long as it is kept."""
        return self._raw_of(mail_id) if self._raw_of else None


class UnrecordedSession(Session):
    """A session of a server that records none: who, when and how it ended, and no event between."""

    __slots__ = ()

    def exchanged(self, lines: bytes, replies: Sequence[bytes]) -> None:
        """Keep nothing."""

    def heard(self, line: bytes, awaiting: Awaiting) -> None:
        """Keep nothing."""

    def said(self, reply: Reply) -> None:
        """Keep nothing."""

    def took_message(self, mail_id: str, raw: bytes, envelope: Envelope) -> None:
        """Count it."""
        del mail_id, raw, envelope
        self.mails += 1

    def noted(self, text: str) -> None:
        """Keep nothing."""
