"""Removing what is over the limits of a store, in small steps; the oldest goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from fakesmtp.clock import monotonic, now
from fakesmtp.storage import sqlite
from fakesmtp.storage.changes import remove_messages
from fakesmtp.storage.sql import messages, removed, sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection

    from fakesmtp.storage.changes import State
    from fakesmtp.storage.limits import Limits

#: Messages or sessions that one step removes.
STEP = 200
#: Seconds between two looks at ages, the size of the file, and sessions.
INTERVAL = 1.0


class Pruner:
    """Keeps a store within its limits. `clock` gives the time in seconds since the epoch."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = now) -> None:
        self._limits = limits.check()
        self._clock = clock
        self._next = 0.0

    def is_due(self, state: State) -> bool:
        """Return whether a step may find something to remove."""
        return self._has_too_many(state) or monotonic() >= self._next

    def _has_too_many(self, state: State) -> bool:
        most = self._limits.max_messages
        return most is not None and state.messages > most

    def step(self, connection: Connection, state: State) -> bool:
        """Remove some of what is over a limit; return whether there may be more."""
        numbers = self._find_messages(connection, state)
        if numbers:
            self._remove_messages(connection, state, numbers)
            return True
        if monotonic() >= self._next:
            gone = _remove_sessions(connection, self._find_sessions(connection))
            _count(connection, messages=0, sessions=gone)
            if gone:
                return True
            self._next = monotonic() + INTERVAL
        return False

    # -- messages ------------------------------------------------------------------------------

    def _find_messages(self, connection: Connection, state: State) -> Sequence[int]:
        """Return the numbers of the oldest messages, if these are over a limit."""
        most = min(STEP, state.messages - 1)  # the newest one always stays
        if most <= 0:
            return ()
        if self._has_too_many(state):
            over = state.messages - (self._limits.max_messages or 0)
            return _oldest(connection, min(over, most))
        if monotonic() < self._next:
            return ()
        if self._limits.max_age is not None:
            since = self._clock() - self._limits.max_age
            old = _oldest(connection, most, messages.c.received < since)
            if old:
                return old
        return _oldest(connection, most) if self._is_too_large(connection) else ()

    def _is_too_large(self, connection: Connection) -> bool:
        most = self._limits.max_bytes
        return most is not None and sqlite.used_bytes(connection) > most

    def _remove_messages(
        self, connection: Connection, state: State, numbers: Sequence[int]
    ) -> None:
        """Remove messages, and the sessions of which none is left."""
        of_these = select(messages.c.session_id).where(messages.c.number.in_(numbers))
        ids = list(dict.fromkeys(connection.execute(of_these).scalars()))
        remove_messages(connection, state, numbers)
        emptied = select(sessions.c.number).where(sessions.c.id.in_(ids), sessions.c.stored == 0)
        gone = _remove_sessions(connection, connection.execute(emptied).scalars().all())
        _count(connection, messages=len(numbers), sessions=gone)

    # -- sessions without a message ------------------------------------------------------------

    def _find_sessions(self, connection: Connection) -> Sequence[int]:
        """Return the numbers of the oldest sessions without a message, if over a limit."""
        alone = sessions.c.stored == 0
        oldest = select(sessions.c.number).where(alone).order_by(sessions.c.number)
        if self._limits.max_sessions is not None:
            counted = select(func.count()).select_from(sessions).where(alone)
            over = connection.execute(counted).scalar_one() - self._limits.max_sessions
            if over > 0:
                return connection.execute(oldest.limit(min(over, STEP))).scalars().all()
        if self._limits.max_session_age is not None:
            since = self._clock() - self._limits.max_session_age
            old = oldest.where(sessions.c.started < since).limit(STEP)
            found = connection.execute(old).scalars().all()
            if found:
                return found
        if self._is_too_large(connection):
            return connection.execute(oldest.limit(STEP)).scalars().all()
        return ()


def _oldest(connection: Connection, most: int, *conditions: ColumnElement[bool]) -> Sequence[int]:
    statement = select(messages.c.number).where(*conditions).order_by(messages.c.number)
    return connection.execute(statement.limit(most)).scalars().all()


def _remove_sessions(connection: Connection, numbers: Sequence[int]) -> int:
    if numbers:
        connection.execute(delete(sessions).where(sessions.c.number.in_(numbers)))
    return len(numbers)


def _count(connection: Connection, **gone: int) -> None:
    """Add to what the limits have removed."""
    if any(gone.values()):
        values = {name: removed.c[name] + number for name, number in gone.items()}
        connection.execute(update(removed).values(values))
