"""The one thread of a process that writes: it takes whatever waits into one transaction."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import contextmanager, suppress
from itertools import groupby
from threading import Thread
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from fakesmtp.errors import StoreError
from fakesmtp.storage.sql.applying import apply
from fakesmtp.storage.sql.changes import AddMessage, Retract, Work
from fakesmtp.storage.sql.queue import Queue
from fakesmtp.storage.sql.reading import explain
from fakesmtp.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from fakesmtp.storage.sql.changes import Change
    from fakesmtp.storage.sql.dialect import Database, State
    from fakesmtp.storage.sql.pruning import Pruner

log = logging.getLogger("fakesmtp")

#: Changes that wait for a store that can be written again; beyond that, the oldest are lost.
_MOST_POSTPONED = 1_000
#: Seconds without a change after which the database is tidied up.
_IDLE = 1.0


class Writer:
    """Writes changes in the order in which they come.

    What was written is published before the tickets are done. Raises `StoreError` when the
    database cannot be used.
    """

    def __init__(self, database: Database, pruner: Pruner) -> None:
        self._database = database
        self._pruner = pruner
        self._is_failing = False
        self._refused = 0
        self._postponed: deque[Change] = deque(maxlen=_MOST_POSTPONED)
        self._connection: Connection | None = None
        self._state: State | None = None
        with database.dialect.working():
            self._begin()
        self._queue = Queue(database.dialect)
        self._thread = Thread(target=self._run, name="fakesmtp-store", daemon=True)
        self._thread.start()

    def _begin(self) -> None:
        """Connect, and see that the database can be written."""
        try:
            with self._transaction():
                pass
        except (DBAPIError, OSError, StoreError) as error:
            self._let_go()
            self._database.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"cannot use {self._database.location}: {explain(error)}") from error

    # -- for everyone --------------------------------------------------------------------------

    def submit(self, change: Change) -> None:
        """Have a change written; its ticket is done when it is durable."""
        if not self._queue.submit(change):
            change.ticket.set_exception(StoreError(f"{self._database.location} is closed"))

    @property
    def accepts_more(self) -> bool:
        """Return whether more may be taken now."""
        return self._queue.accepts_more

    def leave_to_parent(self) -> None:
        """Take nothing more, in a forked child: the thread that writes is in the parent."""
        self._queue.leave_to_parent()

    def close(self) -> None:
        """Write what waits, then close the connection. Idempotent."""
        self._queue.close()
        self._thread.join()

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        has_more_to_prune = False
        while True:
            group = self._queue.take(0.0 if has_more_to_prune else _IDLE)
            is_over = not group and self._queue.is_over
            with self._database.dialect.working():
                if group or self._postponed:
                    self._write(group)
                if is_over:
                    self._finish()
                    return
                has_more_to_prune = self._prune()
                if not group and not has_more_to_prune:
                    self._attempt(lambda: self._database.tidy(self._open()))

    def _write(self, group: list[Change], *, is_retry: bool = False) -> None:
        """Write changes in one transaction; where one of them is wrong, each in its own."""
        try:
            if self._connection is not None:
                self._database.check()
            results = self._commit(group, is_retry=is_retry)
        except Exception as error:  # noqa: BLE001 - whoever waits for the change gets it
            self._let_go()
            self._handle(group, error, is_retry=is_retry)
            return
        if group:  # without changes, only what was postponed shows whether writing works
            self._report_recovery()
        for change, result in zip(group, results, strict=True):
            change.ticket.set_result(result)
        if self._postponed:
            postponed = list(self._postponed)
            self._postponed.clear()
            self._write(postponed, is_retry=True)

    def _handle(self, group: list[Change], error: BaseException, *, is_retry: bool) -> None:
        """Tell of a failure; where a change may be wrong, find out which."""
        if self._database.is_environment(error):
            is_unclear = self._database.is_unclear(error)
            if is_unclear and not is_retry:
                self._write(group, is_retry=True)
                return
            self._postpone(group, is_unclear=is_unclear or is_retry)
            self._fail(group, error)
        elif len(group) == 1:
            log.error("a bug in fakesmtp: a change could not be written", exc_info=error)
            self._fail(group, error)
        else:
            for change in group:
                self._write([change], is_retry=is_retry)

    def _postpone(self, group: Sequence[Change], *, is_unclear: bool) -> None:
        """Keep for later what nobody sends again, and the removal of what may be stored."""
        refused = [each.record.id for each in group if isinstance(each, AddMessage)]
        if refused and is_unclear:
            self._postponed.append(Retract(refused))
        self._postponed.extend(filter(None, (change.again() for change in group)))

    def _commit(self, group: list[Change], *, is_retry: bool) -> list[Any]:
        results: list[Any] = []
        with self._transaction(is_retry=is_retry) as work:
            if not is_retry:
                # What came while another server had the lock saves a transaction.
                group += self._queue.take(0.0)
            for _, batch in groupby(group, type):
                results += apply(work, list(batch))
        return results

    @contextmanager
    def _transaction(self, *, is_retry: bool = False) -> Iterator[Work]:
        """Give a transaction; what it has changed is published after its commit."""
        connection = self._open()
        with connection.begin(), self._changing(connection, is_retry=is_retry) as work:
            yield work
        self._publish(work.state)

    @contextmanager
    def _changing(self, connection: Connection, *, is_retry: bool = False) -> Iterator[Work]:
        """Give the state in a transaction, and write it at the end."""
        self._state = self._database.read_state(connection, self._state)
        yield Work(connection, self._database.dialect, self._state, is_retry)
        self._database.write_state(connection, self._state)

    def _publish(self, state: State) -> None:
        self._database.publish(state)
        state.updates.clear()

    def _prune(self) -> bool:
        """Remove some of what is over the limits; return whether there may be more."""
        if self._state is None or not self._pruner.is_due(self._state):
            return False
        return bool(self._attempt(self._prune_step))

    def _prune_step(self) -> bool:
        connection = self._open()
        with connection.begin():
            if not self._database.may_prune(connection):
                return False
            with self._changing(connection) as work:
                has_more = self._pruner.step(work)
        self._publish(work.state)
        return has_more

    def _attempt(self, work: Callable[[], object]) -> object:
        """Do what nobody waits for; what is wrong with the database is told by the next change."""
        if self._connection is None:
            return None
        try:
            return work()
        except Exception as error:
            if not self._database.is_environment(error):
                log.exception("a bug in fakesmtp: a store was not tidied up")
            self._let_go()
            return None

    # -- the connection ------------------------------------------------------------------------

    def _open(self) -> Connection:
        """Return the connection, made anew after a failure."""
        if self._connection is None:
            self._connection = self._database.connect()
        return self._connection

    def _let_go(self) -> None:
        """Forget the connection and what is known of the store: both may be wrong."""
        connection, self._connection, self._state = self._connection, None, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.invalidate()
                connection.close()

    def _fail(self, group: Sequence[Change], error: BaseException) -> None:
        reason, where = explain(error), self._database.location
        if not self._is_failing:
            log.error("cannot write to %s: %s; clients get 451", where, reason)
        self._is_failing = True
        self._refused += sum(not change.is_repeated for change in group)
        for change in group:
            change.ticket.set_exception(StoreError(f"cannot write to {where}: {reason}"))

    def _report_recovery(self) -> None:
        if self._is_failing:
            refused = plural(self._refused, "change")
            log.warning("%s is written again; refused: %s", self._database.location, refused)
        self._is_failing, self._refused = False, 0

    def _finish(self) -> None:
        self._attempt(lambda: self._database.finish(self._open()))
        self._let_go()
        self._database.close()
