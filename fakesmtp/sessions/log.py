"""The sessions of one server, with the limits of what is kept."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from fakesmtp.sessions.live import (
    DEFAULT_MAX_BYTES,
    DEFAULT_MAX_EVENTS,
    LiveSession,
    UnrecordedSession,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakesmtp.sessions.session import Session


#: Approximate memory limit for the events of all sessions together: 256 MiB.
DEFAULT_MAX_TOTAL_BYTES = 256 * 1024 * 1024
#: The same for those of them that are also in a durable store: 16 MiB.
MAX_STORED_BYTES = 16 * 1024 * 1024


class SessionLog:
    """The newest `max_sessions`, each with at most `max_events` and about `max_bytes` of them.

    The events of all sessions take at most about `max_total_bytes` of memory. When a limit is
    reached, the oldest session is dropped: it is no longer listed, and its events are forgotten,
    even if a message still refers to it. Sessions that are also in a durable store are dropped
    earlier, at 16 MiB, and keep their events. With `max_events=0` only client, times and end of a
    session are kept. With `folder`, each session is also written to its own file in the folder.
    `raw_of` returns the bytes of a message. Raises `RecordingError` if the folder cannot be
    created.
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
        self._sessions: dict[str, LiveSession] = {}
        self._stored: dict[str, LiveSession] = {}
        self._max_sessions, self._max_total_bytes = max_sessions, max_total_bytes
        self._bytes = self._stored_bytes = 0
        self._lock = Lock()
        # Created once, because every session has it.
        self._on_growth = self._count
        kind: Callable[..., LiveSession] = LiveSession if max_events else UnrecordedSession
        if folder is not None:
            # Lazily: a server that writes no files does not load it.
            from fakesmtp.sessions.saving import SavedSession, make_folder  # noqa: PLC0415

            kind = partial(SavedSession, folder=make_folder(folder))
        self._make = partial(kind, max_events=max_events, max_bytes=max_bytes)
        #: Returns the bytes of a message; used by sessions that begin later.
        self.raw_of = raw_of
        #: Number of sessions so far, kept or not.
        self.opened = 0

    def begin(self, session_id: str, **facts: Any) -> LiveSession:  # noqa: ANN401 - as LiveSession has them
        """Begin and keep the session of a new connection."""
        session = self._make(session_id, raw_of=self.raw_of, **facts)
        self.add(session)
        return session

    def add(self, session: LiveSession) -> None:
        """Keep a new session; drop the oldest one if there are too many."""
        with self._lock:
            self.opened += 1
            self._sessions[session.id] = session
            session.on_growth = self._on_growth
            self._drop_oldest()

    def _count(self, session: LiveSession, more: int) -> None:
        """Count bytes that a session takes; drop the oldest sessions if there are too many."""
        with self._lock:
            if session.on_growth is not None:
                self._bytes += more
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        while self._is_over():
            oldest = next(iter(self._sessions.values()))
            self._release(oldest)
            oldest.forget_events()

    def _is_over(self) -> bool:
        number = len(self._sessions)
        return number > self._max_sessions or (self._bytes > self._max_total_bytes and number > 1)

    def _release(self, session: LiveSession) -> None:
        del self._sessions[session.id]
        session.on_growth = None
        self._bytes -= session.held
        if self._stored.pop(session.id, None):
            self._stored_bytes -= session.held

    def mark_stored(self, session: LiveSession) -> None:
        """Note that an ended session is in a durable store, so that it may be dropped here."""
        with self._lock:
            if session.id in self._sessions:
                self._stored[session.id] = session
                self._stored_bytes += session.held
            while self._stored_bytes > MAX_STORED_BYTES:
                self._release(next(iter(self._stored.values())))
                self.opened -= 1

    @property
    def dropped(self) -> int:
        """The number of sessions that are no longer kept."""
        return self.opened - len(self._sessions)

    def snapshot(self) -> list[Session]:
        """The kept sessions, oldest first."""
        with self._lock:
            return list(self._sessions.values())

    def find(self, session_id: str) -> Session | None:
        """Return the session of an id; None if it is not kept."""
        return self._sessions.get(session_id)

    def forget(self, belongs: Callable[[LiveSession], bool]) -> None:
        """Forget the sessions for which `belongs` is true. They are not counted as dropped.

        Open sessions continue, but this log no longer lists or counts them.
        """
        with self._lock:
            gone = [session for session in self._sessions.values() if belongs(session)]
            for session in gone:
                self._release(session)
            self.opened -= len(gone)
