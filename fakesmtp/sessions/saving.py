"""Sessions that are written to files while they are open."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TextIO

from fakesmtp.errors import RecordingError
from fakesmtp.sessions.jsonl import dump_event, dump_header, is_end
from fakesmtp.sessions.listing import Summary
from fakesmtp.sessions.live import LiveSession
from fakesmtp.sessions.phases import PhaseReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakesmtp.sessions.contents import Content, Ended
    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.session import Session

log = logging.getLogger("fakesmtp")

SUFFIX = ".jsonl"
#: A recording contains addresses and AppKeys, but no messages and no secrets.
_OWNER_ONLY = 0o600


def _open_for_this_user(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)


def file_name(session: Session) -> str:
    """Return the file name of a session: time, id, port. Names sort by time."""
    return f"{session.started_at:%Y%m%dT%H%M%S.%fZ}_{session.id}_{session.port}{SUFFIX}"


def make_folder(folder: Path) -> Path:
    """Create the folder of recordings; raises `RecordingError` on failure."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(
            f"cannot keep recordings in {folder} ({error.strerror}): name another folder"
        ) from error
    return folder


class SavedSession(LiveSession):
    """A session with its own file, which is opened at the first event and closed at the last one.

    Each event is written immediately, in one write: a server that dies loses at most one line. If
    the file cannot be written, the recording to it stops; the session continues.
    """

    __slots__ = ("_file", "_folder", "_path", "_phases", "_written")

    def __init__(self, session_id: str, *, folder: Path, **options: Any) -> None:  # noqa: ANN401 - as LiveSession has them
        super().__init__(session_id, **options)
        self._folder: Path | None = folder
        self._path: Path | None = None
        self._file: TextIO | None = None
        self._phases = PhaseReader()
        self._written = 0

    def close(self, end: Ended) -> None:
        """Record the end and close the file; only the first end counts."""
        if self.end is None:
            super().close(end)
            self._save()
            self._close()

    def forget_events(self) -> None:
        """Forget the events. Events in the file remain."""
        super().forget_events()
        self._written = len(self._contents)

    def digest_of(self, raw: bytes) -> str:
        """Return the digest: the message may not be kept when the file is read."""
        return sha256(raw).hexdigest()

    def keep(self, content: Content, size: int = 0) -> None:
        """Keep an event and write it to the file."""
        super().keep(content, size)
        self._save()

    def _save(self) -> None:
        """Write the events since the last call. They are masked and limited already."""
        if self._folder is None:
            return
        try:
            if self._file is None:
                self._file = self._open(self._folder)
            for event in self._unwritten():
                summary = Summary.of(self) if is_end(event) else None
                self._file.write(dump_event(event, summary))
            self._file.flush()
        except OSError as error:
            log.warning("session %s is recorded no further in %s: %s", self.id, self._folder, error)
            self._close()
            self._remove_if_empty()

    def _unwritten(self) -> Iterator[Event]:
        start, self._written = self._written, len(self._contents)
        return self._phases.read_all(self._since_connect(start), self._contents[start:])

    def _open(self, folder: Path) -> TextIO:
        # Buffered, and flushed after each event: a line is one write. O_EXCL does not follow an
        # existing link. Only this user can read the file.
        path = folder / file_name(self)
        file = open(  # noqa: SIM115 - closed at the end of the session
            path,
            "x",
            encoding="utf-8",
            errors="backslashreplace",
            newline="\n",
            opener=_open_for_this_user,
        )
        self._path = path
        file.write(dump_header(self))
        return file

    def _close(self) -> None:
        file, self._file, self._folder = self._file, None, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _remove_if_empty(self) -> None:
        """Remove a file without a first line, which a full disk can cause."""
        if self._path is not None:
            with suppress(OSError):
                if not self._path.stat().st_size:
                    self._path.unlink()
