"""A folder of recordings: what is in it, told without reading all of it; and one of them, found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fakesmtp.errors import RecordingError
from fakesmtp.files import explain, open_regular
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.jsonl import Header, Summary, load_header, load_summary, summarize
from fakesmtp.sessions.loading import MISSING, load, read_line
from fakesmtp.sessions.saving import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp.sessions.contents import Ended
    from fakesmtp.sessions.recorded import Recorded

#: First line and last line stand in so many bytes of a file's ends.
_ENDS = 8 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A session in a list. `summary` and `end` are None for one that goes on or was cut short."""

    name: str
    header: Header
    summary: Summary | None
    end: Ended | None

    @property
    def outcome(self) -> str:
        """Say in a few words what became of the session."""
        if self.summary is None or self.end is None:
            return "no end is recorded"
        if self.end.closed_by == ClosedBy.TLS.value:
            return f"TLS failed: {self.end.detail}"
        if self.summary.first_refusal:
            more = f" (and {self.summary.refused - 1} more)" if self.summary.refused > 1 else ""
            return f"refused: {self.summary.first_refusal}{more}"
        if self.summary.message_count:
            return "delivered"
        return f"{self.end.closed_by}: {self.end.detail}".rstrip(": ")


def fail(error: RecordingError) -> None:
    """Raise the error: a list ends at the first file that cannot be read."""
    raise error


class Source(Protocol):
    """Where recordings are read from: a folder of them, or a server that runs."""

    def entries(self) -> Iterator[Entry]:
        """Give all sessions, oldest first."""

    def find(self, name: str) -> Recorded:
        """Give the session of a name; raises `RecordingError` when there is none, or several."""


def entry_of(session: Recorded) -> Entry:
    """Make the entry of a session at hand."""
    started = session.started_at.timestamp()
    header = Header(session.id, started, session.peer, session.port, session.local_port)
    return Entry(session.id, header, summarize(session) if session.end else None, session.end)


class RecordFolder:
    """The recordings in a folder; raises `RecordingError` when there is no such folder.

    `on_error` is told of each file that cannot be listed; then the list goes on, unless it raises,
    as it does by default.
    """

    def __init__(self, path: Path, *, on_error: Callable[[RecordingError], object] = fail) -> None:
        if not path.is_dir():
            raise RecordingError(f"there is no folder {path}: `serve --record-dir` makes one")
        self._path = path
        self._on_error = on_error

    def entries(self) -> Iterator[Entry]:
        """Give all sessions, oldest first."""
        return filter(None, map(self._read_entry, self._files()))

    def _read_entry(self, path: Path) -> Entry | None:
        try:
            return _read_ends(path)
        except RecordingError as error:
            self._on_error(error)
            return None

    def find(self, name: str) -> Recorded:
        """Give the session of an id, or of a part of its file's name that no other has."""
        paths = self._files()
        exact = [path for path in paths if name in {path.name, path.stem, _id_in(path)}]
        found = exact or [path for path in paths if name in path.name]
        if not found:
            raise RecordingError(f"no session {name!r} is recorded in {self._path}")
        if len(found) > 1:
            shown = ", ".join(_id_in(path) for path in found[:3])
            raise RecordingError(f"{name!r} fits {len(found)} sessions: {shown} …; give an id")
        return load(found[0])

    def _files(self) -> list[Path]:
        try:
            return sorted(path for path in self._path.iterdir() if path.suffix == SUFFIX)
        except OSError as error:
            raise RecordingError(f"cannot read {self._path}: {explain(error)}") from error


def _id_in(path: Path) -> str:
    """Give the session's id from its file's name: time, id, port."""
    return path.stem.partition("_")[2].rpartition("_")[0]


def _read_ends(path: Path) -> Entry:
    first, last = _first_and_last_line(path)
    if not first:
        raise RecordingError(f"{path}, line 1: {MISSING}")
    header = read_line(path, 1, load_header, first)
    try:
        ended = load_summary(last) if last else None
    except RecordingError as error:
        raise RecordingError(f"{path}, last line: {error}") from None
    end, summary = ended or (None, None)
    return Entry(path.name, header, summary, end)


def _first_and_last_line(path: Path) -> tuple[str, str]:
    """Give the two lines; the last one is `""` where it was not written to its end."""
    try:
        with open_regular(path) as file:
            start = file.read(_ENDS)
            size = file.seek(0, 2)
            file.seek(max(size - _ENDS, 0))
            end = file.read(_ENDS)
    except (OSError, ValueError) as error:
        raise RecordingError(f"cannot read {path}: {explain(error)}") from error
    first = start.partition(b"\n")[0]
    last = end[:-1].rpartition(b"\n")[2] if end.endswith(b"\n") else b""
    return first.decode("utf-8", "replace"), last.decode("utf-8", "replace")
