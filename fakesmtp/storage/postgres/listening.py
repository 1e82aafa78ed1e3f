"""The thread that follows what other servers change in the same database."""

from __future__ import annotations

import logging
import socket
from contextlib import contextmanager
from selectors import EVENT_READ, DefaultSelector
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.exc import DBAPIError

from fakesmtp.errors import StoreError
from fakesmtp.storage.postgres.updates import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from fakesmtp.storage.postgres.updates import SharedUpdates

log = logging.getLogger("fakesmtp")

#: Seconds between two looks at the database in case a notification was lost.
_POLL = 3.0
#: Seconds from a notification to the read, and from there to a look for another notification.
_DELAY = 0.005
#: Seconds between two attempts to connect.
_PAUSE = 0.5


@contextmanager
def _given_up(connection: Connection) -> Iterator[None]:
    """Give a connection up when the driver fails: SQLAlchemy does not see that by itself."""
    try:
        yield
    except (psycopg.Error, OSError):
        connection.invalidate()
        raise


class Listening:
    """Reads new updates whenever the database sends a notification, until `stop`.

    A lost connection is made again; what was missed is read then.
    """

    def __init__(self, engine: Engine, updates: SharedUpdates) -> None:
        self._engine = engine
        self._updates = updates
        self._ends = Event()
        self._bell, self._wire = socket.socketpair()
        self._thread = Thread(target=self._run, name="fakesmtp-updates", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Idempotent."""
        if not self._ends.is_set():
            self._ends.set()
            self._bell.send(b"\0")
            self._thread.join()
            self._bell.close()
            self._wire.close()

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                with self._engine.connect() as connection, _given_up(connection):
                    self._follow(connection.execution_options(isolation_level="AUTOCOMMIT"))
            except (DBAPIError, psycopg.Error, OSError, StoreError):
                log.debug("updates of other servers are not read now", exc_info=True)
            except Exception:
                log.exception("a bug in fakesmtp: updates of other servers were not read")
            self._ends.wait(_PAUSE)

    def _follow(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        connection.commit()
        raw: Any = connection.connection.driver_connection
        with DefaultSelector() as selector:
            selector.register(raw.fileno(), EVENT_READ)
            selector.register(self._wire, EVENT_READ)
            has_read = True
            self._updates.read(connection)
            while not self._ends.is_set():
                # What came while the updates were read does not wake `select`.
                is_quiet = not selector.select(_DELAY if has_read else _POLL)
                if not is_quiet:
                    # More may follow, and the writer reads them, too, if it has something to write.
                    self._ends.wait(_DELAY)
                has_read = self._is_behind(raw) or (is_quiet and not has_read)
                if has_read:
                    self._updates.read(connection)

    def _is_behind(self, raw: Any) -> bool:  # noqa: ANN401 - a connection of the driver
        """Return whether a notification tells of an update that is not known here."""
        newest = self._updates.cursor
        payloads = [each.payload for each in raw.notifies(timeout=0)]
        return any(not each.isdecimal() or int(each) > newest for each in payloads)
