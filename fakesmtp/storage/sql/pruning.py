"""Removing what is over the limits of a store, in small steps; the oldest goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from fakesmtp.clock import monotonic, now
from fakesmtp.storage.sql.applying import remove_messages, remove_sessions
from fakesmtp.storage.sql.tables import messages, removed, sessions
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection

    from fakesmtp.storage.limits import Limits
    from fakesmtp.storage.sql.changes import Work
    from fakesmtp.storage.sql.dialect import State

#: Messages or sessions that one step removes.
STEP = 200
#: Seconds between two looks at ages, the size of the file, and sessions.
INTERVAL = 1.0
#: The part of its limit that a file is brought to which is larger than that.
_TARGET = 0.9


class Pruner:
    """Keeps a store within its limits. `clock` gives the time in seconds since the epoch.

    A store that is too large is brought to nine tenths of its limit: first the messages go, then
    the database merges its index, and only then its size is asked again.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = now) -> None:
        self._limits = limits.check()
        self._clock = clock
        self._next = 0.0
        self._excess = 0
        #: Whether the index is being merged, and whether that must begin.
        self._is_merging = self._merges_now = False
        #: How many messages were removed by this object.
        self.dropped = 0

    def is_due(self, state: State) -> bool:
        """Return whether a step may find something to do."""
        is_at_work = self._has_too_many(state) or self._excess or self._is_merging
        return bool(is_at_work) or monotonic() >= self._next

    def _has_too_many(self, state: State) -> bool:
        most = self._limits.max_messages
        return most is not None and state.messages > most

    def prune_all(self, work: Work) -> int:
        """Remove everything that is over a limit; return how many messages went."""
        before, self._next = work.state.messages, 0.0
        while self.step(work):
            pass
        return before - work.state.messages

    def step(self, work: Work) -> bool:
        """Remove some of what is over a limit; return whether there may be more."""
        connection, state = work.connection, work.state
        has_removed = self._remove_messages(work, self._find_messages(connection, state))
        if self._merge(work) or has_removed:
            return True
        if monotonic() < self._next:
            return False
        self._excess = self._measure(work)
        if self._excess or self._remove_sessions(connection, self._find_sessions(connection)):
            return True
        self._next = monotonic() + INTERVAL
        return False

    def _merge(self, work: Work) -> bool:
        """Do a step of the merge of the index; return whether there may be more."""
        if not self._excess:
            merge, begin = work.dialect.merge, self._merges_now
            self._is_merging = merge(work.connection, work.state, must_begin=begin)
            self._merges_now = False
        return self._is_merging

    # -- messages ------------------------------------------------------------------------------

    def _find_messages(self, connection: Connection, state: State) -> Sequence[int]:
        """Return the numbers of the oldest messages, if these are over a limit."""
        most = min(STEP, state.messages - 1)  # the newest one always stays
        if most <= 0:
            self._excess = 0
        elif self._has_too_many(state):
            over = state.messages - (self._limits.max_messages or 0)
            return _oldest(connection, min(over, most))
        elif self._excess:
            found = _oldest(connection, min(self._excess, most))
            self._excess -= len(found)
            self._merges_now = not self._excess
            return found
        elif self._limits.max_age is not None and monotonic() >= self._next:
            since = self._clock() - self._limits.max_age
            return _oldest(connection, most, messages.c.received < since)
        return ()

    def _measure(self, work: Work) -> int:
        """Return how many messages make the store too large, about; 0 where it is not."""
        most, state = self._limits.max_bytes, work.state
        if most is None or state.messages <= 1:
            return 0
        used = work.dialect.used_bytes(work.connection, state)
        return 1 + int(state.messages * (1 - _TARGET * most / used)) if used > most else 0

    def _remove_messages(self, work: Work, numbers: Sequence[int]) -> bool:
        """Remove messages, and the sessions of which none is left."""
        if not numbers:
            return False
        connection = work.connection
        of_these = select(messages.c.session_id).where(messages.c.number.in_(numbers))
        ids = list(dict.fromkeys(connection.execute(of_these).scalars()))
        remove_messages(work, numbers, UpdateKind.MESSAGES_EXPIRED)
        _count(connection, messages=len(numbers))
        self.dropped += len(numbers)
        emptied = select(sessions.c.number).where(sessions.c.id.in_(ids), sessions.c.stored == 0)
        self._remove_sessions(connection, connection.execute(emptied).scalars().all())
        return True

    # -- sessions without a message ------------------------------------------------------------

    def _find_sessions(self, connection: Connection) -> Sequence[int]:
        """Return the numbers of the oldest sessions without a message, if over a limit."""
        alone = sessions.c.stored == 0
        oldest = select(sessions.c.number).where(alone).order_by(sessions.c.number).limit(STEP)
        if self._limits.max_sessions is not None:
            counted = select(func.count()).select_from(sessions).where(alone)
            over = connection.execute(counted).scalar_one() - self._limits.max_sessions
            if over > 0:
                return connection.execute(oldest.limit(min(over, STEP))).scalars().all()
        if self._limits.max_session_age is None:
            return ()
        since = self._clock() - self._limits.max_session_age
        return connection.execute(oldest.where(sessions.c.started < since)).scalars().all()

    def _remove_sessions(self, connection: Connection, numbers: Sequence[int]) -> bool:
        if numbers:
            remove_sessions(connection, numbers)
            _count(connection, sessions=len(numbers))
        return bool(numbers)


def _oldest(connection: Connection, most: int, *conditions: ColumnElement[bool]) -> Sequence[int]:
    statement = select(messages.c.number).where(*conditions).order_by(messages.c.number)
    return connection.execute(statement.limit(most)).scalars().all()


def _count(connection: Connection, **gone: int) -> None:
    """Add to what the limits have removed."""
    values = {name: removed.c[name] + number for name, number in gone.items()}
    connection.execute(update(removed).values(values))
