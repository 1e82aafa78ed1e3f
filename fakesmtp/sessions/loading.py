"""A session read from its file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from fakesmtp.errors import RecordingError
from fakesmtp.files import read_bytes
from fakesmtp.protocol.credentials import Login, MailType
from fakesmtp.sessions.contents import Ended, LoggedIn, Message, TlsFacts
from fakesmtp.sessions.facts import Facts
from fakesmtp.sessions.jsonl import is_end, load_event, load_header, load_summary
from fakesmtp.sessions.phases import PhaseReader
from fakesmtp.sessions.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.listing import Header

_T = TypeVar("_T")
_MICROSECONDS = 1_000_000
#: The largest recording that is read (bytes). By default a session keeps at most about 3 MB.
MOST_BYTES = 64 * 1024 * 1024
#: The outcome of a recording without its last line.
NO_END = "no end is recorded"
MISSING = "the first line is missing; was the disk full?"


class Recording(Session):
    """A session that was read from a file; `torn`: its last line is incomplete.

    `without_end` is the outcome if the file has no end.
    """

    __slots__ = (
        "_duration",
        "_events",
        "_facts",
        "_started",
        "_without_end",
        "cut",
        "end",
        "id",
        "local_port",
        "login",
        "mechanism",
        "message_count",
        "peer",
        "port",
        "tls",
        "torn",
    )

    def __init__(
        self,
        header: Header,
        events: Iterable[Event],
        *,
        cut: int = 0,
        torn: bool = False,
        without_end: str = NO_END,
    ) -> None:
        self.id = header.id
        self._started = header.started
        self.peer = header.peer
        self.port = header.port
        self.local_port = header.local_port
        self.cut = cut
        self.torn = torn
        self._without_end = without_end
        self.tls = None
        self.login = None
        self.mechanism = None
        self.end = None
        self.message_count = 0
        self._duration: float | None = None
        self._facts = Facts()
        self._events = tuple(events)
        for event in self._events:
            self._learn(event)

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        return self._events

    @property
    def duration(self) -> float | None:
        """Seconds from connect to close; None if the file has no end."""
        return self._duration

    def _learn(self, event: Event) -> None:
        self._facts.read(event.content)
        about = event.content
        if isinstance(about, TlsFacts):
            self.tls = about
        elif isinstance(about, LoggedIn):
            self.login = Login(about.app_key, MailType(about.mail_type))
            self.mechanism = about.mechanism
        elif isinstance(about, Message):
            self.message_count += bool(about.message_id)
        elif isinstance(about, Ended):
            self.end = about
            self._duration = event.at / _MICROSECONDS


def load(path: Path) -> Recording:
    """Read a session from its file (JSON Lines).

    An incomplete last line is ignored: the server died while it wrote the line. Raises
    `RecordingError` with file, line and reason for any other invalid line, an unknown version, and
    a file that cannot be read.
    """
    return load_content(read_bytes(path, RecordingError, most=MOST_BYTES), path)


def load_content(content: bytes, source: Path | str, *, without_end: str = NO_END) -> Recording:
    """Read a session from the content of its file; errors are those of `load`, with the source."""
    lines, rest = _split_lines(content, source)
    if not lines:
        raise RecordingError(f"{source}, line 1: {MISSING}")
    header = read_line(source, 1, load_header, lines[0])
    events = list(_read_events(source, lines[1:]))
    ended = bool(events) and is_end(events[-1])
    last = read_line(source, len(lines), load_summary, lines[-1]) if ended else None
    cut = last[1].cut if last else 0
    return Recording(header, events, cut=cut, torn=bool(rest), without_end=without_end)


def _split_lines(content: bytes, source: Path | str) -> tuple[list[str], bytes]:
    """Return the complete lines, and the bytes after the last one."""
    # Not universal newlines: a line ends with LF only, and a client's text may have others.
    *lines, rest = content.split(b"\n")
    try:
        return [line.decode() for line in lines], rest
    except UnicodeDecodeError as error:
        raise RecordingError(f"{source} is not a recorded session: {error}") from error


def read_line(source: Path | str, number: int, read: Callable[[str], _T], line: str) -> _T:
    """Read a line; an error has the source and the line number."""
    try:
        return read(line)
    except RecordingError as error:
        raise RecordingError(f"{source}, line {number}: {error}") from None


def _read_events(source: Path | str, lines: Iterable[str]) -> Iterator[Event]:
    phases, before, ended = PhaseReader(), 0, False

    def read(line: str) -> Event:
        event = load_event(line)
        if ended:
            raise RecordingError("there is a line after the end")
        if event.at < before:
            raise RecordingError(f"at is {event.at}, earlier than the {before} before it")
        return replace(event, phase=phases.read(event.content))

    for number, line in enumerate(lines, 2):
        event = read_line(source, number, read, line)
        before, ended = event.at, is_end(event)
        yield event
