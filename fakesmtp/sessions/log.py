"""The sessions of one server: how many are kept, how much of each, and where else."""

from __future__ import annotations

from collections import deque
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from fakesmtp.sessions.session import (
    DEFAULT_MAX_BYTES,
    DEFAULT_MAX_EVENTS,
    Session,
    UnrecordedSession,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


#: Bytes of memory that the events of all sessions take together, about: 256 MiB.
DEFAULT_MAX_TOTAL_BYTES = 256 * 1024 * 1024


class SessionLog:
    """The newest `max_sessions`, each with at most `max_events` and about `max_bytes` of them.

    The events of all together take at most about `max_total_bytes` of memory. When there are too
    many sessions or bytes, the oldest session goes: it is no longer listed, and its events are
    forgotten, also for those who still hold it, as a message does. With `max_events=0` nothing of
    a session is kept but who, when and how it ended. With `folder`, each session is also written
    to a file of its own there. `raw_of` finds the bytes of a message. Raises `RecordingError` when
    there can be no such folder.
    """

    def __init__(
        self,
        *,
        max_sessions: int = 10_000,
        max_events: int = DEFAULT_MAX_EVENTS,
        max_bytes: int = DEFAULT_MAX_BYTES,
        max_total_bytes: int = DEFAULT_MAX_TOTAL_BYTES,
        folder: Path | None = None,
        raw_of: Callable[[str], bytes | None] | None = None,
    ) -> None:
        self._sessions: deque[Session] = deque()
        self._max_sessions, self._max_total_bytes = max_sessions, max_total_bytes
        self._bytes = 0
        self._lock = Lock()
        # Made once: each of the sessions has it.
        self._on_growth = self._count
        kind: Callable[..., Session] = Session if max_events else UnrecordedSession
        if folder is not None:
            # Lazily: what writes files is no part of a start that writes none.
            from fakesmtp.sessions.saving import SavedSession, make_folder  # noqa: PLC0415

            kind = partial(SavedSession, folder=make_folder(folder))
        self._make = partial(kind, max_events=max_events, max_bytes=max_bytes)
        #: Finds the bytes of a message, for the sessions that begin from now on.
        self.raw_of = raw_of
        #: How many sessions there were, kept or not.
        self.opened = 0

    def begin(self, session_id: str, **facts: Any) -> Session:  # noqa: ANN401 - as Session has them
        """Begin the session of a connection that was just made, and keep it."""
        session = self._make(session_id, raw_of=self.raw_of, **facts)
        self.add(session)
        return session

    def add(self, session: Session) -> None:
        """Keep a session that has just begun; the oldest one goes when there are too many."""
        with self._lock:
            self.opened += 1
            self._sessions.append(session)
            session.on_growth = self._on_growth
            self._make_room()

    def _count(self, session: Session, more: int) -> None:
        """Count bytes that a session takes; the oldest ones make room."""
        with self._lock:
            if session.on_growth is not None:
                self._bytes += more
                self._make_room()

    def _make_room(self) -> None:
        while self._is_over():
            oldest = self._sessions.popleft()
            self._release(oldest)
            oldest.let_go()

    def _is_over(self) -> bool:
        number = len(self._sessions)
        return number > self._max_sessions or (self._bytes > self._max_total_bytes and number > 1)

    def _release(self, session: Session) -> None:
        session.on_growth = None
        self._bytes -= session.held

    @property
    def dropped(self) -> int:
        """How many sessions are no longer kept."""
        return self.opened - len(self._sessions)

    def snapshot(self) -> list[Session]:
        """The kept sessions, oldest first."""
        with self._lock:
            return list(self._sessions)

    def find(self, session_id: str) -> Session | None:
        """Return the session of an id, None when it is not kept."""
        found = (each for each in self.snapshot() if each.id == session_id)
        return next(found, None)

    def forget(self, belongs: Callable[[Session], bool]) -> None:
        """Forget the sessions for which `belongs` is true, as if there had been none.

        Those that are open go on unrecorded in this log.
        """
        with self._lock:
            kept = []
            for session in self._sessions:
                if belongs(session):
                    self._release(session)
                else:
                    kept.append(session)
            self.opened -= len(self._sessions) - len(kept)
            self._sessions = deque(kept)
