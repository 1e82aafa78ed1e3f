"""One session as bytes in, actions out: framing and dialogue together, without a connection.

The actions include everything that the client sent: `Received` for a line, `Note` for something
unusual about it. So the actions are a complete record of the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fakesmtp.protocol.actions import Actions, Close, Discard, Note, Received
from fakesmtp.protocol.framing import LONGEST_LINE, LineReader, MessageReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.protocol.dialogue import Dialogue
    from fakesmtp.protocol.policy import Policy

EARLY_PIPELINING = Note(
    "commands came together before EHLO was answered (RFC 2920 §3.1)", once=True
)
EARLY_DATA = Note("message data came before the answer to DATA (RFC 2920 §3.1)", once=True)
BARE_LF = Note("a bare LF ended the next line (RFC 5321 §2.3.8)")
DROPPED_LINE = Note(f"a line of more than {LONGEST_LINE} bytes was dropped")
LONE_DOT = Note(
    "a lone dot ended by LF stands in the message; only CRLF.CRLF ends a message "
    "(RFC 5321 §4.1.1.4)"
)
DROPPED_MESSAGE_LINE = Note(f"{DROPPED_LINE.text} from the message")
#: The notes about a line that the next reply answers, and that is not recorded.
DROPPED_NOTES = frozenset({DROPPED_LINE.text, DROPPED_MESSAGE_LINE.text})
#: First bytes of a session that no SMTP client sends, and the actions for them. A TLS client on a
#: plaintext port sends binary data, and cannot use an SMTP reply.
_OPENINGS: tuple[tuple[bytes, Actions], ...] = (
    (
        b"\x16\x03",
        (
            Note(
                "the client started TLS on a STARTTLS port; use port 465 or 2465, or turn on "
                "STARTTLS (RFC 8314 §3.3)"
            ),
            Close(asked=False),
        ),
    ),
    (b"PROXY ", (Note("a PROXY protocol header came first: is there a load balancer between?"),)),
    (
        b"\r\n\r\n\0\r\nQUIT\n",
        (
            Note(
                "a PROXY protocol header (version 2) came first: is there a load balancer between?"
            ),
        ),
    ),
    (b"GET ", (Note("the client speaks HTTP to an SMTP port"),)),
    (b"POST ", (Note("the client speaks HTTP to an SMTP port"),)),
)
#: The notes about these first bytes.
OPENING_NOTES = frozenset(
    each.text for _, actions in _OPENINGS for each in actions if isinstance(each, Note)
)


class Responder(Protocol):
    """An object that replies to a client: a `Dialogue`, or one with planned faults around it."""

    def connect(self, *, implicit_tls: bool) -> Actions:
        """See `Dialogue.connect`."""

    def greet(self) -> Actions:
        """See `Dialogue.greet`."""

    def receive_line(self, line: bytes, *, more_behind: bool = False) -> Actions:
        """See `Dialogue.receive_line`."""

    def receive_long_line(self) -> Actions:
        """See `Dialogue.receive_long_line`."""

    def cut_body(self, data: bytes) -> tuple[bytes, bytes]:
        """See `Dialogue.cut_body`."""

    def receive_body(self, size: int) -> Actions:
        """See `Dialogue.receive_body`."""

    def receive_message(self, raw: bytes) -> Actions:
        """See `Dialogue.receive_message`."""

    def refuse_big_message(self) -> Actions:
        """See `Dialogue.refuse_big_message`."""


class Conversation:
    """Splits received bytes into lines and messages, and passes each to a dialogue.

    Call `feed` with bytes, split anywhere, then `next_actions` until it returns `()`. Do not call
    it while an action takes time (`Wait`, TLS) or after one that closes; the rest stays unread.

    `responder` returns the object that replies to the next line; by default, `dialogue`.
    """

    __slots__ = ("_dialogue", "_is_opening", "_lines", "_message", "_policy", "_responder")

    def __init__(
        self,
        dialogue: Dialogue,
        policy: Policy,
        responder: Callable[[], Responder] | None = None,
    ) -> None:
        self._dialogue = dialogue
        self._policy = policy
        self._responder: Callable[[], Responder] = responder or (lambda: dialogue)
        self._lines = LineReader()
        self._is_opening = True
        self._message: MessageReader | None = None

    def connect(self, *, implicit_tls: bool) -> Actions:
        """Return the first actions: the greeting, or the TLS handshake for implicit TLS."""
        return self._responder().connect(implicit_tls=implicit_tls)

    def tls_started(self, *, implicit_tls: bool) -> Actions:
        """Continue inside TLS; return the greeting for implicit TLS."""
        self._dialogue.tls_started()
        return self._responder().greet() if implicit_tls else ()

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._lines.feed(data)

    def next_actions(self) -> Actions:
        """Return the actions for the next line or piece of a message; `()` if none is complete."""
        if not self._lines.has_more:
            return ()
        lines, dialogue = self._lines, self._dialogue
        if dialogue.expects_message:
            return self._take_message_data(self._responder())
        if self._is_opening and (actions := self._look_at_opening()):
            return actions
        line = lines.next_line()
        if not line:
            return () if line is None else (DROPPED_LINE, *self._responder().receive_long_line())
        self._is_opening = False
        received = Received(line, dialogue.awaiting)
        if lines.has_more or not line.endswith(b"\r\n"):
            return self._take_unusual_line(self._responder(), received)
        return (received, *self._responder().receive_line(line))

    @property
    def is_idle(self) -> bool:
        """Whether the client is outside a transaction and an AUTH exchange."""
        return self._dialogue.is_idle

    @property
    def message_size(self) -> int | None:
        """Bytes of the message that is being received; None between messages."""
        if not self._dialogue.expects_message:
            return None
        return self._message.size if self._message else 0

    @property
    def has_lone_dot(self) -> bool:
        """Whether the message that is being received has a line of a single dot."""
        return self._message is not None and self._message.lone_dots > 0

    def take_unread(self) -> bytes:
        """Return and remove the bytes of an incomplete line."""
        return self._lines.take_rest()

    def _look_at_opening(self) -> Actions:
        for prefix, actions in _OPENINGS:
            if self._lines.starts_with(prefix):
                self._is_opening = False
                return actions
        return ()

    def _take_unusual_line(self, responder: Responder, received: Received) -> Actions:
        """Process a line that more bytes follow, or that does not end with CRLF."""
        line, has_more = received.line, self._lines.has_more
        bare_lf = () if line.endswith(b"\r\n") else (BARE_LF,)
        early = (EARLY_PIPELINING,) if has_more and self._dialogue.helo is None else ()
        actions = responder.receive_line(line, more_behind=has_more)
        early_data = (EARLY_DATA,) if has_more and self._dialogue.expects_message else ()
        return (*bare_lf, *early, received, *actions, *early_data)

    # -- messages ----------------------------------------------------------------------------------

    def _take_message_data(self, responder: Responder) -> Actions:
        message = self._message = self._message or MessageReader(
            self._policy.max_message_size, lone_lf_ends=self._policy.unsafe_lone_lf_ends_message
        )
        while data := self._lines.take_rest():
            data, later = responder.cut_body(data)
            behind = message.feed(data)
            if behind or later:
                self._lines.feed((behind or b"") + later)
            actions = _drop_long_lines(responder, message)
            if behind is not None:
                self._message = None
                return (*actions, *_end(responder, message))
            if actions := (*actions, *responder.receive_body(len(data))):
                return actions
        return ()


def _drop_long_lines(responder: Responder, message: MessageReader) -> Actions:
    number, message.long_lines = message.long_lines, 0
    return (DROPPED_MESSAGE_LINE, *responder.receive_long_line()) * number if number else ()


def _end(responder: Responder, message: MessageReader) -> Actions:
    notes = (LONE_DOT,) if message.lone_dots else ()
    if message.is_too_big:
        return (*notes, Discard(message.size), *responder.refuse_big_message())
    return (*notes, *responder.receive_message(message.raw()))
