"""The updates of a database: those of all servers that share it, with the same cursors everywhere.

A cursor is the number of a row in the table `updates`. A transaction that changes something takes
its numbers under the lock of `state`, so they grow in the order of commits, and sends one NOTIFY.
The first cursor of a database is the time when it was made, so that a cursor of another one is not
taken for one of its own.
"""

from __future__ import annotations

import json
from threading import RLock
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
)

from fakesmtp.storage.updates import MOST_KEPT, Batch, Happened, Update, UpdateKind, Updates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from sqlalchemy import Connection

#: The channel of NOTIFY. Its payload is the newest number.
CHANNEL = "fakesmtp"
#: A cursor may be so much ahead of what this server knows: another server gave it just now.
_AHEAD = 1_000
#: Updates that are read at once.
_AT_ONCE = 500

_table = Table(
    "updates",
    MetaData(),
    Column("number", BigInteger, primary_key=True),
    Column("kind", Text),
    Column("ids", Text),
    Column("app_keys", Text),
    Column("count", Integer),
)
_NEWER = (
    select(_table)
    .where(_table.c.number > bindparam("cursor"))
    .order_by(_table.c.number)
    .limit(_AT_ONCE)
)
_INSERT = insert(_table)


class SharedUpdates(Updates):
    """The newest updates of a database. `submit` writes one that happened outside of the store."""

    def __init__(self, submit: Callable[[Happened], object]) -> None:
        super().__init__()
        self._newest = self._forgotten = 0
        self._submit = submit
        self._order = RLock()

    def publish(
        self, kind: UpdateKind, ids: Collection[str], app_keys: Collection[str | None] = ()
    ) -> None:
        """Have an update written; it is told to all servers when it is. Without ids: a no-op."""
        if ids:
            self._submit(Happened(kind, tuple(ids), tuple(app_keys)))

    def since(self, cursor: int) -> Batch:
        """Return the updates after a cursor, which another server may have given."""
        if self._newest < cursor <= self._newest + _AHEAD:
            return Batch((), cursor)
        return super().since(cursor)

    def start(self, connection: Connection) -> None:
        """Read all updates that are stored. The caller has begun no transaction."""
        with connection.begin():
            last = connection.execute(text("SELECT last_update FROM state")).scalar_one()
        with self._order:
            self.read(connection)
            if self._newest < last:  # none is stored
                with self._lock:
                    self._newest = last
                    self._forget_all(last)

    def read(self, connection: Connection) -> None:
        """Read what is new from the database. The caller has begun no transaction."""
        with self._order:
            is_full = True
            while is_full:
                with connection.begin():
                    newer = read_after(connection, self._newest)
                is_full = self.extend(newer) and len(newer) == _AT_ONCE

    def extend(self, updates: Sequence[Update]) -> bool:
        """Add the updates that are new, in their order; return whether there were any."""
        with self._order:
            new = [update for update in updates if update.cursor > self._newest]
            for update in new:
                with self._lock:
                    if update.cursor != self._newest + 1:
                        self._forget_all(update.cursor - 1)
                    self._keep(update)
                self._call_listeners(update)
            return bool(new)

    def follows(self, cursor: int) -> bool:
        """Return whether an update with this cursor is the next one."""
        return cursor == self._newest + 1

    def _forget_all(self, cursor: int) -> None:
        """Forget everything up to a cursor: some updates before it are no longer stored."""
        self._kept.clear()
        self._ids = 0
        self._forgotten = cursor


def read_after(connection: Connection, cursor: int) -> list[Update]:
    """Return the next updates after a cursor, oldest first; the caller is in a transaction."""
    return [
        Update(
            row.number,
            UpdateKind(row.kind),
            tuple(json.loads(row.ids)),
            tuple(json.loads(row.app_keys)),
        )
        for row in connection.execute(_NEWER, {"cursor": cursor})
    ]


def number_updates(happened: Iterable[Happened], last: int) -> list[Update]:
    """Return what a transaction has changed, with the numbers after the last one."""
    changes = (each for each in happened if each.ids)
    return [
        Update(number, each.kind, tuple(each.ids), tuple(each.app_keys))
        for number, each in enumerate(changes, last + 1)
    ]


def write_updates(connection: Connection, updates: Sequence[Update]) -> None:
    """Write updates, and wake all servers when they are committed."""
    rows = [
        {
            "number": update.cursor,
            "kind": update.kind.value,
            "ids": json.dumps(update.ids),
            "app_keys": json.dumps(update.app_keys),
            "count": len(update.ids),
        }
        for update in updates
    ]
    connection.execute(_INSERT, rows)
    connection.exec_driver_sql(f"NOTIFY {CHANNEL}, '{updates[-1].cursor}'")


def drop_old(connection: Connection) -> None:
    """Remove updates that no server keeps in memory."""
    total = func.sum(_table.c.count).over(order_by=_table.c.number.desc())
    counted = select(_table.c.number, total.label("total")).subquery()
    newest = select(func.max(counted.c.number)).where(counted.c.total > MOST_KEPT)
    connection.execute(delete(_table).where(_table.c.number < newest.scalar_subquery()))
