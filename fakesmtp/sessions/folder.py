"""A folder of recordings: list them without reading whole files, and find one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fakesmtp.errors import RecordingError
from fakesmtp.files import explain, open_regular
from fakesmtp.sessions.jsonl import load_header, load_summary
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.loading import MISSING, NO_END, load, read_line
from fakesmtp.sessions.saving import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp.sessions.session import Session

#: The first and the last line are within this many bytes of the ends of a file.
_ENDS = 16 * 1024
#: Ids that the error of a name that fits several sessions lists.
_SHOWN = 3


def fail(error: RecordingError) -> None:
    """Raise the error, so that a list ends at the first unreadable file."""
    raise error


class Source(Protocol):
    """A source of recordings: a folder, or a running server."""

    def list_sessions(self) -> Iterator[ListedSession]:
        """Return all sessions, oldest first."""

    def find(self, name: str) -> Session:
        """Return the session of a name; raises `RecordingError` if there is none, or several."""


class RecordFolder:
    """The recordings in a folder; raises `RecordingError` if the folder does not exist.

    `on_error` is called for each file that cannot be listed. The list continues unless it raises,
    as the default does.
    """

    def __init__(self, path: Path, *, on_error: Callable[[RecordingError], object] = fail) -> None:
        if not path.is_dir():
            raise RecordingError(f"there is no folder {path}: `serve --record-dir` makes one")
        self._path = path
        self._on_error = on_error

    def list_sessions(self) -> Iterator[ListedSession]:
        """Return all sessions, oldest first."""
        return filter(None, map(self._read_listed, self._files()))

    def _read_listed(self, path: Path) -> ListedSession | None:
        try:
            return _read_ends(path)
        except RecordingError as error:
            self._on_error(error)
            return None

    def find(self, name: str) -> Session:
        """Return the session of an id, or of a unique part of its file's name."""
        paths = self._files()
        exact = [path for path in paths if name in {path.name, path.stem, _id_in(path)}]
        found = exact or [path for path in paths if name in path.name]
        if not found:
            raise RecordingError(f"no session {name!r} is recorded in {self._path}")
        if len(found) > 1:
            shown = ", ".join(_id_in(path) for path in found[:_SHOWN])
            more = " …" if len(found) > _SHOWN else ""
            raise RecordingError(f"{name!r} fits {len(found)} sessions: {shown}{more}; give an id")
        return load(found[0])

    def _files(self) -> list[Path]:
        try:
            return sorted(path for path in self._path.iterdir() if path.suffix == SUFFIX)
        except OSError as error:
            raise RecordingError(f"cannot read {self._path}: {explain(error)}") from error


def _id_in(path: Path) -> str:
    """Return the session's id from its file's name: time, id, port."""
    return path.stem.partition("_")[2].rpartition("_")[0]


def _read_ends(path: Path) -> ListedSession:
    first, last = _first_and_last_line(path)
    if not first:
        raise RecordingError(f"{path}, line 1: {MISSING}")
    header = read_line(path, 1, load_header, first)
    try:
        ended = load_summary(last) if last else None
    except RecordingError as error:
        raise RecordingError(f"{path}, last line: {error}") from None
    end, summary = ended or (None, None)
    return ListedSession(header, summary, end, NO_END, path.name)


def _first_and_last_line(path: Path) -> tuple[str, str]:
    """Return the two lines; the last one is `""` if it is incomplete."""
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
