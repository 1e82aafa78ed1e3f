"""Counts of messages, which are kept until something changes in the store."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from fakesmtp.storage.query import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.storage.base import Store, Totals
    from fakesmtp.storage.query import Query

_T = TypeVar("_T")
#: Queries whose counts are kept.
_MOST = 256


class CachedCounts:
    """Exact counts of a store. Thread-safe.

    Counting the matches of a common word reads all of them, and clients ask for the same counts
    again and again.
    """

    def __init__(self, store: Store) -> None:
        self._totals = _Cache(store, store.totals)
        self._tags = _Cache(store, store.tag_counts)

    def totals(self, query: Query = EVERYTHING) -> Totals:
        """Return how many messages match, and how many of them are unread."""
        return self._totals.get(query)

    def tags(self, query: Query = EVERYTHING) -> Mapping[str, int]:
        """Return the tags of the messages that match, with how many messages have each."""
        return self._tags.get(query)


class _Cache(Generic[_T]):
    """What a function returned for queries since the last change of a store."""

    def __init__(self, store: Store, count: Callable[[Query], _T]) -> None:
        self._updates = store.updates
        self._count = count
        self._lock = Lock()
        self._cursor = -1
        self._known: dict[Query, _T] = {}

    def get(self, query: Query) -> _T:
        # Read before counting: a change while counting makes the count old at once.
        cursor = self._updates.cursor
        with self._lock:
            if cursor != self._cursor or len(self._known) >= _MOST:
                self._cursor, self._known = cursor, {}
            elif query in self._known:
                return self._known[query]
        counted = self._count(query)
        with self._lock:
            if cursor == self._cursor:
                self._known[query] = counted
        return counted
