"""The phase of a session that an event belongs to, derived from the events alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.protocol.conversation import DROPPED_NOTES
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.contents import Ended, MaskedLine, Message, Phase, TlsFacts
from fakesmtp.sessions.events import make_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fakesmtp.sessions.contents import Content
    from fakesmtp.sessions.events import Event

#: The phase of a command, by its first four letters.
_VERBS = {
    b"EHLO": Phase.HELLO,
    b"HELO": Phase.HELLO,
    b"STAR": Phase.TLS,
    b"AUTH": Phase.AUTH,
    b"MAIL": Phase.ENVELOPE,
    b"RCPT": Phase.ENVELOPE,
    b"DATA": Phase.DATA,
    b"QUIT": Phase.QUIT,
}
_CHALLENGE = b"334"


class PhaseReader:
    """Reads the events of one session in order and returns the phase of each."""

    __slots__ = ("_challenged", "_has_dropped", "_phase")

    def __init__(self) -> None:
        self._phase = Phase.GREETING
        self._challenged = False
        #: Whether the next reply answers a line that was dropped: the challenge still holds.
        self._has_dropped = False

    def read_all(self, times: Iterable[int], contents: Iterable[Content]) -> Iterator[Event]:
        """Return the next events, from their times and contents."""
        # Not strict: another thread may add an event after the times were read.
        for at, content in zip(times, contents, strict=False):
            yield make_event(at, content, self.read(content))

    def read(self, content: Content) -> Phase:
        """Return the phase of the next event, from its content."""
        if isinstance(content, bytes):
            self._read_line(content)
        elif isinstance(content, MaskedLine):
            self._read_line(content.text.encode())
        elif isinstance(content, Reply):
            self._challenged = content.wire.startswith(_CHALLENGE) or (
                self._challenged and self._has_dropped
            )
            self._has_dropped = False
        elif isinstance(content, str):
            self._has_dropped = self._has_dropped or content in DROPPED_NOTES
        elif isinstance(content, Message):
            self._phase = Phase.DATA
        elif isinstance(content, TlsFacts) or _is_tls_failure(content):
            self._phase = Phase.TLS
        return self._phase

    def _read_line(self, line: bytes) -> None:
        # A line after 334 is never a command (RFC 4954 §4).
        verb = line.lstrip()[:4].upper()
        self._phase = Phase.AUTH if self._challenged else _VERBS.get(verb, Phase.OTHER)


def _is_tls_failure(content: Content) -> bool:
    return isinstance(content, Ended) and content.closed_by == ClosedBy.TLS.value
