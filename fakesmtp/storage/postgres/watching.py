"""Connections that are closed when their server does not answer: nothing waits without an end.

TCP notices a machine that is gone, but not a server that hangs, or one behind a proxy that does.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any
from weakref import WeakSet

import psycopg

from fakesmtp.clock import monotonic

#: Seconds that a server may take for an answer.
LIMIT = 30.0
_INTERVAL = 1.0


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that knows since when it waits for its server."""

    waits_since: float | None = None
    #: Set when the connection is closed.
    is_over: Event | None = None

    def close(self) -> None:
        """Do the same as psycopg, and wake the watch: it may have been the last connection."""
        super().close()
        if self.is_over is not None:
            self.is_over.set()

    def wait(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as psycopg has them
        """Do the same as psycopg, and note the time meanwhile."""
        self.waits_since = monotonic()
        try:
            return super().wait(*arguments, **options)
        finally:
            self.waits_since = None

    def end_if_late(self) -> None:
        """Shut down the socket if the server takes too long; what waits for it raises an error."""
        since = self.waits_since
        if since is not None and monotonic() - since > LIMIT:
            with (
                suppress(OSError, psycopg.Error),
                socket.socket(fileno=os.dup(self.fileno())) as it,
            ):
                it.shutdown(socket.SHUT_RDWR)


class Watch:
    """Watches connections, in a thread that starts with the first and ends with the last."""

    def __init__(self) -> None:
        self._watched: WeakSet[WatchedConnection] = WeakSet()
        self._lock = Lock()
        self._has_closed = Event()
        self._thread: Thread | None = None

    def connect(self, *arguments: Any, **options: Any) -> WatchedConnection:  # noqa: ANN401 - as psycopg has them
        """Return a new connection that is watched."""
        connection = WatchedConnection.connect(*arguments, **options)
        connection.is_over = self._has_closed
        with self._lock:
            self._watched.add(connection)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="fakesmtp-watch", daemon=True)
                self._thread.start()
        return connection

    def _run(self) -> None:
        while True:
            self._has_closed.wait(_INTERVAL)
            self._has_closed.clear()
            with self._lock:
                # Closed connections may still be known to someone.
                watched = [each for each in self._watched if not each.closed]
                if not watched:
                    self._thread = None
                    return
            for connection in watched:
                connection.end_if_late()
