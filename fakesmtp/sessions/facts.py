"""What is collected of a session while its events come, so that none is read again.

Lists, errors and `diagnosis.py` read it: the refusals, what was asked last, the planned fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.conversation import OPENING_NOTES
from fakesmtp.protocol.reasons import BECAUSE
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions.contents import Fault, MaskedLine, Message, TlsFacts, show_line
from fakesmtp.text import cut, show_lines

if TYPE_CHECKING:
    from typing import TypeAlias

    from fakesmtp.sessions.contents import Content

    #: What the client sent: a line, or message data.
    Asked: TypeAlias = bytes | MaskedLine | Message | None

#: What a refusal answers that answers no command: the connection, message data, a line of blanks.
GREETING = "greeting"
END_OF_DATA = "end of data"
BLANK_LINE = "blank line"
#: 4xx and 5xx (RFC 5321 §4.2.1) sort after it, 2xx and 3xx before it.
LEAST_REFUSAL = b"4"
_DATA = b"DATA"


class Refusal(NamedTuple):
    """A reply of 4xx or 5xx, and the command that it answered, or one of the three names above.

    `reason` is more than the client was told, `""` where the reply says it all; also the planned
    fault that struck there.
    """

    command: str
    reply: Reply
    reason: str = ""

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"{cut(self.command)} -> {cut(show_lines(str(self.reply)))}{why}"


class Facts:
    """What is known of one session: see the module."""

    __slots__ = ("_forgotten", "_found", "_reason", "asked", "before", "fault", "opening")

    def __init__(self) -> None:
        #: What the client sent last, since TLS began; and what it sent before that.
        self.asked: Asked = None
        self.before: Asked = None
        #: The planned fault that struck last.
        self.fault: Fault | None = None
        #: What the client spoke instead of SMTP, `""` for nothing else.
        self.opening = ""
        self._reason = ""
        self._found: list[tuple[Asked, Reply, str]] = []
        self._forgotten = 0

    def read(self, content: Content) -> None:
        """Take the content of the next event."""
        if isinstance(content, Reply):
            # As `is_refusal` does, in a tenth of the time.
            if content.wire >= LEAST_REFUSAL:
                self._found.append((self.asked, content, self._reason))
        elif isinstance(content, (bytes, MaskedLine, Message)):
            self._reason = self.opening if self.asked is None else ""
            self.before, self.asked = self.asked, content
        elif isinstance(content, str):
            self._read_note(content)
        elif isinstance(content, TlsFacts):
            self.before = self.asked = None
        elif isinstance(content, Fault):
            self.fault, self._reason = content, describe_fault(content)

    def _read_note(self, note: str) -> None:
        if note.startswith(BECAUSE):
            self._reason = note.removeprefix(BECAUSE)
        elif note in OPENING_NOTES:
            self.opening = note

    @property
    def has_just_refused_data(self) -> bool:
        """Whether the last command was DATA, and was refused."""
        asked = self._found[-1][0] if self._found else None
        return asked is self.asked and isinstance(asked, bytes) and asked[:4].upper() == _DATA

    @property
    def refused(self) -> int:
        """How many refusals there were."""
        return len(self._found) + self._forgotten

    def refusals(self, count: int | None = None) -> tuple[Refusal, ...]:
        """Return the first `count` refusals that are kept, or all of them."""
        found = self._found[:count]
        return tuple(Refusal(name_asked(asked), reply, reason) for asked, reply, reason in found)

    def forget_refusals(self) -> None:
        """Keep no more of the refusals than their number."""
        found, self._found = self._found, []
        self._forgotten += len(found)


def describe_fault(fault: Fault) -> str:
    """Say that a planned fault struck, and what it does."""
    return f"planned fault {fault.rule!r}: {fault.what}"


def name_asked(asked: Asked) -> str:
    """Name what was answered, for people."""
    if asked is None:
        return GREETING
    if isinstance(asked, Message):
        return END_OF_DATA
    line = asked.text if isinstance(asked, MaskedLine) else show_line(asked)
    return line.strip() or BLANK_LINE
