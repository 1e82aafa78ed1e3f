"""Facts that are collected while events arrive, so that no event is read again.

Lists, errors and `diagnosis.py` read them: the refusals, the last command, the planned fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.conversation import DROPPED_NOTES, OPENING_NOTES
from fakesmtp.protocol.reasons import BECAUSE
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.contents import (
    Fault,
    MaskedLine,
    Message,
    Proxied,
    TlsFacts,
    show_line,
)
from fakesmtp.text import cut, show_lines

if TYPE_CHECKING:
    from typing import TypeAlias

    from fakesmtp.sessions.contents import Content

    #: What the client sent: a line, or message data.
    Asked: TypeAlias = bytes | MaskedLine | Message | None

#: Names for refusals that answer no command: of the connection, message data, a blank line, and a
#: line that was too long to be kept.
GREETING = "greeting"
END_OF_DATA = "end of data"
BLANK_LINE = "blank line"
LONG_LINE = "over-long line"
#: Replies of 4xx and 5xx (RFC 5321 §4.2.1) sort after it, 2xx and 3xx before it.
LEAST_REFUSAL = b"4"
_ASKED = (bytes, MaskedLine, Message)
_DATA = b"DATA"
_DROPPED = MaskedLine(LONG_LINE)


class Refusal(NamedTuple):
    """A 4xx or 5xx reply, and the command that it answers, or one of the names above.

    `reason` has details that were not sent to the client, also the planned fault that was applied;
    `""` if there are none.
    """

    command: str
    reply: Reply
    reason: str = ""

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"{cut(self.command)} -> {cut(show_lines(str(self.reply)))}{why}"


class Facts:
    """The facts of one session: see the module."""

    __slots__ = (
        "_dropped",
        "_forgotten",
        "_found",
        "_reason",
        "asked",
        "before",
        "fault",
        "opening",
        "proxy",
    )

    def __init__(self) -> None:
        #: The last two lines or messages from the client; reset when TLS starts.
        self.asked: Asked = None
        self.before: Asked = None
        #: The planned fault that was applied last.
        self.fault: Fault | None = None
        #: The note about another protocol that the client used instead of SMTP, or `""`.
        self.opening = ""
        #: The address and port of the load balancer that sent a PROXY protocol header.
        self.proxy: str | None = None
        #: The line that was dropped after these.
        self._dropped: Asked = None
        self._reason = ""
        self._found: list[tuple[Asked, Reply, str]] = []
        self._forgotten = 0

    def read(self, content: Content) -> None:
        """Read the content of the next event."""
        if isinstance(content, _ASKED):
            self._reason = self.opening if self.asked is None else ""
            self.before, self.asked, self._dropped = self.asked, content, None
        elif isinstance(content, Reply):
            # The same as `is_refusal`, in a tenth of the time.
            if content.wire >= LEAST_REFUSAL:
                self._found.append((self._dropped or self.asked, content, self._reason))
        elif isinstance(content, str):
            self._read_note(content)
        elif isinstance(content, TlsFacts):
            self.before = self.asked = None
        elif isinstance(content, Fault):
            self.fault, self._reason = content, describe_fault(content)
        elif isinstance(content, Proxied):
            self.proxy = content.proxy

    def _read_note(self, note: str) -> None:
        if note.startswith(BECAUSE):
            self._reason = note.removeprefix(BECAUSE)
        elif note in OPENING_NOTES:
            self.opening = note
        elif note in DROPPED_NOTES:
            self._dropped = _DROPPED

    @property
    def has_just_refused_data(self) -> bool:
        """Whether the last command was DATA and was refused."""
        asked = self._found[-1][0] if self._found else None
        return asked is self.asked and isinstance(asked, bytes) and asked[:4].upper() == _DATA

    @property
    def has_just_ended_data(self) -> bool:
        """Whether a message came last."""
        return isinstance(self.asked, Message)

    @property
    def refused(self) -> int:
        """The number of refusals."""
        return len(self._found) + self._forgotten

    def refusals(self, count: int | None = None) -> tuple[Refusal, ...]:
        """Return the first `count` kept refusals, or all of them."""
        found = self._found[:count]
        return tuple(Refusal(name_asked(asked), reply, reason) for asked, reply, reason in found)

    def forget_refusals(self) -> None:
        """Forget the refusals and keep only their number."""
        found, self._found = self._found, []
        self._forgotten += len(found)


def describe_fault(fault: Fault) -> str:
    """Return the name and the effect of a planned fault."""
    return f"planned fault {fault.rule!r}: {fault.what}"


def name_asked(asked: Asked) -> str:
    """Return a readable name of what a reply answers."""
    if asked is None:
        return GREETING
    if isinstance(asked, Message):
        return END_OF_DATA
    line = asked.text if isinstance(asked, MaskedLine) else show_line(asked)
    return line.strip() or BLANK_LINE
