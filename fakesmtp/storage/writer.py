"""The one thread that writes a file: it takes whatever waits into one transaction.

SQLite up to 3.51.2 may damage a file that two connections write or checkpoint at the same moment.
So one connection of one process does all that; everyone else reads.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections import deque
from contextlib import suppress
from itertools import groupby
from threading import Thread
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from fakesmtp.errors import StoreError
from fakesmtp.storage import schema, sqlite
from fakesmtp.storage.applying import apply
from fakesmtp.storage.changes import State
from fakesmtp.storage.file import identify, make_file
from fakesmtp.storage.queue import Queue
from fakesmtp.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import ModuleType

    from sqlalchemy import Connection

    from fakesmtp.storage.changes import Change
    from fakesmtp.storage.pruning import Pruner
    from fakesmtp.storage.updates import Updates

log = logging.getLogger("fakesmtp")

#: Sessions that wait for a file that can be written again; beyond that, the oldest are lost.
_MOST_POSTPONED = 1_000
#: Seconds without a change after which the file is tidied up.
_IDLE = 1.0
_PAGES = 256
_ALL_PAGES = 2**30
#: SQLite's codes for what is wrong with the file or the disk, not with a change.
_ENVIRONMENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


def explain(error: BaseException) -> str:
    """Describe in a few words what a database refused, without the statement and its values."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)


def _is_environment(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | StoreError)
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is None or code & 0xFF in _ENVIRONMENT


class Writer:
    """Writes changes in the order in which they come.

    What was written is told in `updates`, before the tickets are done. `on_reopened` is called, in
    the writer's thread, when the file is another one than before. Raises `StoreError` when the file
    cannot be used.
    """

    def __init__(
        self,
        path: Path,
        pruner: Pruner,
        *,
        synchronous: str,
        driver: ModuleType,
        updates: Updates,
        on_reopened: Callable[[], object],
    ) -> None:
        self._path = path
        self._pruner = pruner
        self._engine = sqlite.open_for_writing(path, synchronous, driver)
        self._updates = updates
        self._on_reopened = on_reopened
        self._is_failing = False
        self._refused = 0
        self._postponed: deque[Change] = deque(maxlen=_MOST_POSTPONED)
        self._connection: Connection | None = None
        self._state: State | None = None
        self._identity = (0, 0)
        try:
            self._open()
        except (DBAPIError, OSError, StoreError) as error:
            self._let_go()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"cannot use {path}: {explain(error)}") from error
        self._queue = Queue()
        self._thread = Thread(target=self._run, name="fakesmtp-store", daemon=True)
        self._thread.start()

    # -- for everyone --------------------------------------------------------------------------

    def submit(self, change: Change) -> None:
        """Have a change written; its ticket is done when it is durable."""
        if not self._queue.submit(change):
            change.ticket.set_exception(StoreError(f"{self._path} is closed"))

    @property
    def accepts_more(self) -> bool:
        """Return whether more may be taken now."""
        return self._queue.accepts_more

    def leave_to_parent(self) -> None:
        """Take nothing more, in a forked child: the thread that writes is in the parent."""
        self._queue.leave_to_parent()

    def close(self) -> None:
        """Write what waits, then close the file. Idempotent."""
        self._queue.close()
        self._thread.join()

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        has_more_to_prune = False
        while True:
            group = self._queue.take(0.0 if has_more_to_prune else _IDLE)
            if group:
                self._write(group)
            elif self._queue.is_over:
                break
            has_more_to_prune = self._prune()
            if not group and not has_more_to_prune:
                self._attempt(self._tidy)
        self._finish()

    def _write(self, group: list[Change]) -> None:
        """Write changes in one transaction; where one of them is wrong, each in its own."""
        try:
            self._check_file()
            results = self._commit(group)
        except Exception as error:  # noqa: BLE001 - whoever waits for the change gets it
            self._let_go()
            self._write_one_by_one(group, error)
            return
        self._report_recovery()
        for change, result in zip(group, results, strict=True):
            change.ticket.set_result(result)
        if self._postponed:
            postponed = list(self._postponed)
            self._postponed.clear()
            self._write(postponed)

    def _write_one_by_one(self, group: Sequence[Change], error: BaseException) -> None:
        """Tell of a failure; where a change may be wrong, find out which."""
        if _is_environment(error):
            self._postponed.extend(filter(None, (change.again() for change in group)))
            self._fail(group, error)
        elif len(group) == 1:
            log.error("a bug in fakesmtp: a change could not be written", exc_info=error)
            self._fail(group, error)
        else:
            for change in group:
                self._write([change])

    def _commit(self, group: Sequence[Change]) -> list[Any]:
        connection, state = self._open()
        results: list[Any] = []
        with connection.begin():
            for _, batch in groupby(group, type):
                results += apply(connection, state, list(batch))
        self._publish(state)
        return results

    def _publish(self, state: State) -> None:
        happened, state.updates = state.updates, []
        for update in happened:
            self._updates.publish(*update)

    def _prune(self) -> bool:
        """Remove some of what is over the limits; return whether there may be more."""
        state = self._state
        if state is None or not self._pruner.is_due(state):
            return False
        return bool(self._attempt(self._prune_step))

    def _prune_step(self, connection: Connection, state: State) -> bool:
        with connection.begin():
            has_more = self._pruner.step(connection, state)
        self._publish(state)
        return has_more

    def _tidy(self, connection: Connection, state: State) -> None:
        """Merge the index, and give free pages back to the file system, some at a time."""
        del state
        with connection.begin():
            sqlite.continue_merge(connection, _PAGES)
        sqlite.release_pages(connection, _PAGES)

    def _attempt(self, work: Callable[[Connection, State], object]) -> object:
        """Do what nobody waits for; what is wrong with the disk is told by the next change."""
        if self._connection is None or self._state is None:
            return None
        try:
            return work(self._connection, self._state)
        except Exception as error:
            if not _is_environment(error):
                log.exception("a bug in fakesmtp: a store was not tidied up")
            self._let_go()
            return None

    # -- the file ------------------------------------------------------------------------------

    def _open(self) -> tuple[Connection, State]:
        """Return the connection, made anew after a failure."""
        if self._connection is None:
            make_file(self._path)
            self._connection = self._engine.connect()
            schema.migrate(self._connection, self._path)
            before, self._identity = self._identity, identify(self._path)
            if before not in {(0, 0), self._identity}:
                self._on_reopened()
        if self._state is None:
            with self._connection.begin():
                self._state = State.read(self._connection)
        return self._connection, self._state

    def _check_file(self) -> None:
        """Raise an error where the file is no longer the one that is open, or may not be written.

        The system would let this process write on, into a file that nobody can open any more.
        """
        if self._connection is None:
            return
        try:
            is_there = identify(self._path) == self._identity
        except OSError:
            is_there = False
        if not is_there:
            raise StoreError("the file was deleted or replaced")
        if not os.access(self._path, os.W_OK):
            raise StoreError("the file may only be read")

    def _let_go(self) -> None:
        """Forget the connection and what is known of the file: both may be wrong."""
        connection, self._connection, self._state = self._connection, None, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()

    def _fail(self, group: Sequence[Change], error: BaseException) -> None:
        reason = explain(error)
        if not self._is_failing:
            log.error("cannot write to %s: %s; clients get 451", self._path, reason)
        self._is_failing = True
        self._refused += sum(not change.is_repeated for change in group)
        for change in group:
            change.ticket.set_exception(StoreError(f"cannot write to {self._path}: {reason}"))

    def _report_recovery(self) -> None:
        if self._is_failing:
            refused = plural(self._refused, "change")
            log.warning("%s is written again; refused: %s", self._path, refused)
        self._is_failing, self._refused = False, 0

    def _finish(self) -> None:
        self._attempt(_close_neatly)
        self._let_go()
        self._engine.dispose()


def _close_neatly(connection: Connection, state: State) -> None:
    del state
    sqlite.release_pages(connection, _ALL_PAGES)
    sqlite.optimize(connection)
    sqlite.write_checkpoint(connection)
