"""A wait for messages that match a query: what was found so far, and where to look next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.storage.query import can_change

if TYPE_CHECKING:
    from fakesmtp.storage.base import ReadableStore
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow


class Wait:
    """A wait for `count` messages with numbers above `since`; None: above those stored now.

    The caller looks once, and again after each update of the store. Each look reads only messages
    that are new, except for a query such as `tag:urgent`, whose answer may change later.
    """

    def __init__(self, store: ReadableStore, query: Query, since: int | None, count: int) -> None:
        #: The messages that were found, oldest first.
        self.found: tuple[MessageRow, ...] = ()
        self._store = store
        self._query = query
        self._first = self._seen = store.newest if since is None else since
        self._count = count
        self._starts_again = can_change(query)

    @property
    def is_over(self) -> bool:
        """Whether there are enough messages."""
        return len(self.found) >= self._count

    def look(self) -> bool:
        """Search the store; return `is_over`."""
        if self._starts_again:
            self.found, self._seen = (), self._first
        newest = self._store.newest
        missing = self._count - len(self.found)
        page = self._store.page(self._query, cursor=self._seen, limit=missing, oldest_first=True)
        self.found += page.rows
        self._seen = max(self._seen, newest)
        return self.is_over
