"""A store in a SQLite file: one thread writes, everyone reads."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from fakesmtp.clock import monotonic
from fakesmtp.errors import StoreError
from fakesmtp.storage import schema, sqlite
from fakesmtp.storage.changes import (
    AddMessage,
    AddSession,
    Change,
    Compact,
    MarkMessages,
    Prune,
    RemoveMatching,
    RemoveMessages,
)
from fakesmtp.storage.checker import Checker
from fakesmtp.storage.file import FileLock, check_file, make_file
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.pruning import Pruner
from fakesmtp.storage.reading import Reader
from fakesmtp.storage.tags import clean_tags
from fakesmtp.storage.updates import Updates
from fakesmtp.storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Future
    from pathlib import Path
    from types import ModuleType
    from typing import Any, Literal

    from sqlalchemy import Engine

    from fakesmtp.findings import Rules
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import SessionRecord

    Sync = Literal["full", "normal"]


#: Seconds after the last message during which more are expected.
_QUIET = 0.05


class SqliteStore(Reader):
    """Keeps messages and sessions in a file; see `Store`.

    `sync="full"` makes each message survive a power cut; `"normal"` only the end of the process,
    and is faster. `driver` is a module like the standard library's `sqlite3`. Raises `StoreError`
    for a file that another process writes, that is not a store, or that cannot be written.
    """

    def __init__(
        self,
        path: Path,
        limits: Limits = Limits(),  # noqa: B008 - a tuple
        *,
        sync: Sync = "full",
        pruner: Pruner | None = None,
        driver: ModuleType = sqlite3,
    ) -> None:
        self._pruner = pruner or Pruner(limits)
        self.updates = Updates()
        self._sync = sync
        self._driver = driver
        make_file(path)
        super().__init__(path, sqlite.open_for_reading(path, driver))
        self._lock: FileLock | None = None
        self._checker: Checker | None = None
        self._added = -_QUIET
        self.open()

    def open(self) -> None:
        """Open the file again after `close`. Idempotent."""
        if self._lock is not None:
            return
        lock = FileLock(self._path)
        try:
            self._writer = Writer(
                self._path,
                self._pruner,
                synchronous=self._sync.upper(),
                driver=self._driver,
                updates=self.updates,
                on_reopened=self._engine.dispose,
            )
        except StoreError:
            lock.release()
            raise
        self._lock = lock

    @property
    def accepts_more(self) -> bool:
        """Return whether more may be taken now: what waits to be written is bounded."""
        return self._writer.accepts_more

    @property
    def dropped(self) -> int:
        """How many messages the limits have removed since it was opened; asks no file."""
        return self._pruner.dropped

    @property
    def is_busy(self) -> bool:
        """Whether messages are arriving now."""
        return monotonic() - self._added < _QUIET

    def submit(self, change: Change) -> Future[Any]:
        """Have a change written; return its ticket."""
        self._writer.submit(change)
        return change.ticket

    def add(self, record: MessageRecord) -> Future[int]:
        """Keep a message. The ticket gives its number."""
        self._added = monotonic()
        return self.submit(AddMessage(record))

    def add_session(self, make: Callable[[], SessionRecord]) -> Future[int]:
        """Keep a session that is over; `make` is called in the writer's thread."""
        return self.submit(AddSession(make))

    def remove(self, ids: Collection[str]) -> Future[list[str]]:
        """Remove messages. The ticket gives the ids of those that were here."""
        return self.submit(RemoveMessages(list(dict.fromkeys(ids))))

    def remove_matching(self, query: Query) -> Future[list[str]]:
        """Remove the messages that match. The ticket gives their ids."""
        return self.submit(RemoveMatching(query))

    def mark_read(self, ids: Collection[str], *, is_read: bool = True) -> Future[int]:
        """Mark messages as read, or as unread. The ticket gives how many are here."""
        return self.submit(MarkMessages(list(dict.fromkeys(ids)), is_read=is_read))

    def tag(self, ids: Collection[str], tags: Collection[str]) -> Future[int]:
        """Replace the tags of messages. The ticket gives how many messages are here."""
        return self.submit(MarkMessages(list(dict.fromkeys(ids)), names=clean_tags(tags)))

    def check_with(self, rules: Rules | None) -> None:
        """Have messages and sessions checked by these rules, in a thread, until `close`."""
        self._stop_checking()
        self._checker = Checker(self, rules)

    def _stop_checking(self) -> None:
        if self._checker is not None:
            self._checker.stop()

    def prune(self) -> Future[int]:
        """Apply the limits now. The ticket gives how many messages went."""
        return self.submit(Prune(self._pruner.prune_all))

    def compact(self) -> Future[tuple[int, int]]:
        """Merge the index. The ticket gives the bytes that were used before, and after.

        Free space goes back to the file system step by step, all of it when the store is closed.
        """
        return self.submit(Compact())

    def leave_to_parent(self) -> None:
        """Leave writing to the parent, in a forked child; reading goes on."""
        super().leave_to_parent()
        self._writer.leave_to_parent()

    def close(self) -> None:
        """Write what waits, then let go of the file. Idempotent."""
        self._stop_checking()
        # Readers first: the last connection that is closed writes a checkpoint.
        super().close()
        self._writer.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def open_reader(path: Path, driver: ModuleType = sqlite3) -> Reader:
    """Open a file to read it, beside the process that writes it or without one.

    Raises `StoreError` where there is none, or not one of ours.
    """
    if not path.exists():
        raise StoreError(f"there is no store {path}: `fakesmtp serve` makes one")
    engine = sqlite.open_for_reading(path, driver)
    try:
        _check_version(engine, path)
    except StoreError:
        engine.dispose()
        raise
    return Reader(path, engine)


def _check_version(engine: Engine, path: Path) -> None:
    """Raise `StoreError` for a file that is not ours, or not of this version."""
    try:
        check_file(path)
        with engine.connect() as connection:
            version = schema.check(connection, path)
    except (DBAPIError, OSError) as error:
        raise StoreError(f"cannot read {path}: {error}") from error
    if version < schema.VERSION:
        raise StoreError(
            f"{path} has schema {version}: start `fakesmtp serve` once to bring it to "
            f"{schema.VERSION}"
        )
