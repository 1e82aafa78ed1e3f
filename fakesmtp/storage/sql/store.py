"""A store in a database: one thread of this process writes, everyone reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic
from fakesmtp.storage.sql.changes import (
    AddMessage,
    AddSession,
    Change,
    MarkMessages,
    RemoveMatching,
    RemoveMessages,
    Run,
)
from fakesmtp.storage.sql.checker import Checker
from fakesmtp.storage.sql.reading import Reader
from fakesmtp.storage.sql.writer import Writer
from fakesmtp.storage.tags import clean_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Future
    from typing import Any

    from fakesmtp.findings import Rules
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import SessionRecord
    from fakesmtp.storage.shared import SharedState
    from fakesmtp.storage.sql.dialect import Database
    from fakesmtp.storage.sql.pruning import Pruner
    from fakesmtp.storage.updates import Updates

#: Seconds after the last message during which more are expected.
_QUIET = 0.05


class DatabaseStore(Reader):
    """Keeps messages and sessions in a database; see `Store`."""

    #: Seconds after which there may be something to check although nothing has arrived.
    patience: float | None = None
    #: The name of this server among those that share the database.
    replica = ""
    #: What servers share beside messages; None for a store of one server.
    shared: SharedState | None = None
    _writer: Writer
    _checker: Checker | None = None
    _added = -_QUIET

    def __init__(self, database: Database, pruner: Pruner, updates: Updates) -> None:
        super().__init__(database.location, database.engine, database.dialect)
        self._database = database
        self._pruner = pruner
        #: What changed, in order.
        self.updates = updates

    def open(self) -> None:
        """Open the store again after `close`. Idempotent."""
        raise NotImplementedError

    def start_writing(self) -> None:
        """Start the thread that writes. Raises `StoreError` where the database cannot be used."""
        self._writer = Writer(self._database, self._pruner)

    @property
    def accepts_more(self) -> bool:
        """Return whether more may be taken now: what waits to be written is bounded."""
        return self._writer.accepts_more

    @property
    def dropped(self) -> int:
        """How many messages the limits have removed since it was opened; asks no database."""
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

    def compact(self) -> Future[str]:
        """Make the store smaller, if that is to be asked for. The ticket gives what was done."""
        raise NotImplementedError

    def prune(self) -> Future[int]:
        """Apply the limits now. The ticket gives how many messages went."""
        return self.submit(Run(self._pruner.prune_all))

    def leave_to_parent(self) -> None:
        """Leave writing to the parent, in a forked child; reading goes on."""
        super().leave_to_parent()
        self._writer.leave_to_parent()

    def close(self) -> None:
        """Write what waits, then close all connections. Idempotent."""
        self._stop_checking()
        # Readers first: the last connection to a SQLite file that is closed writes a checkpoint.
        super().close()
        self._writer.close()
