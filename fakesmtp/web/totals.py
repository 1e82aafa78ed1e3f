"""Counts of messages, which are kept until something changes in the store."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from fakesmtp.storage.query import EVERYTHING, can_change
from fakesmtp.storage.updates import GONE, UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.storage.base import Store, Totals
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.updates import Update

_T = TypeVar("_T")
_OF_MESSAGES = frozenset({UpdateKind.MESSAGES_ADDED, UpdateKind.MESSAGES_MARKED, *GONE})
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

    def close(self) -> None:
        """Stop following the store."""
        self._totals.close()
        self._tags.close()


class _Cache(Generic[_T]):
    """What a function returned for queries since the last change that matters to them."""

    def __init__(self, store: Store, count: Callable[[Query], _T]) -> None:
        self._count = count
        self._lock = Lock()
        #: Numbers of changes: of messages, and of all kinds.
        self._of_messages = self._of_all = 0
        self._known: dict[Query, _T] = {}
        self._updates = store.updates
        self._updates.listen(self._change)

    def close(self) -> None:
        """Stop following the store."""
        self._updates.stop_listening(self._change)

    def _change(self, update: Update) -> None:
        with self._lock:
            self._of_all += 1
            if update.kind in _OF_MESSAGES:
                self._of_messages += 1
                self._known = {}
            else:  # findings, sessions and faults
                self._known = {q: n for q, n in self._known.items() if not can_change(q)}

    def _state(self, query: Query) -> int:
        """Return a number that grows with each change that matters to a query."""
        return self._of_all if can_change(query) else self._of_messages

    def get(self, query: Query) -> _T:
        with self._lock:
            if query in self._known:
                return self._known[query]
            before = self._state(query)
        counted = self._count(query)
        with self._lock:
            if self._state(query) == before:
                known = self._known if len(self._known) < _MOST else {}
                self._known = known | {query: counted}
        return counted
