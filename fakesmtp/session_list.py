"""The sessions of one server as one list: those in its log, and those in its store."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import ConfigurationError
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.storage.base import PAGE, all_sessions
from fakesmtp.storage.sessions import list_record
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.archive import Archive
    from fakesmtp.sessions import Session
    from fakesmtp.storage.session_search import SessionTest

#: A cursor names the last session of a page: by its number in the log, or in the store.
_CURSOR = re.compile(r"(log|store)-(\d{1,18})")


class SessionPage(NamedTuple):
    """Some sessions, newest first. `cursor` continues the list, None at its end."""

    sessions: tuple[ListedSession, ...]
    cursor: str | None


class _Place(NamedTuple):
    """A place in the list: after the session of this number."""

    where: str
    number: int | None

    def __str__(self) -> str:
        return f"{self.where}-{self.number}"


class SessionList:
    """All sessions of an archive, newest first: those that are not in the store come first."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def page(
        self, matches: SessionTest, *, cursor: str | None = None, limit: int = PAGE
    ) -> SessionPage:
        """Return the sessions that match, from a cursor on.

        A session that ends between two pages may be on both. Raises `ConfigurationError` for an
        invalid cursor.
        """
        listed = (each for each in self._list(_read_cursor(cursor)) if matches(each[1]))
        found = list(islice(listed, limit + 1))
        more = str(found[limit - 1][0]) if len(found) > limit else None
        return SessionPage(tuple(each for _, each in found[:limit]), more)

    def _list(self, after: _Place) -> Iterator[tuple[_Place, ListedSession]]:
        """Yield sessions with their places."""
        if after.where == "log":
            for session in self._of_log(after.number):
                yield _Place("log", _number_of(session)), ListedSession.of(session)
            after = _Place("store", None)
        if self._archive.store.is_durable:
            for row in all_sessions(self._archive.store, oldest_first=False, cursor=after.number):
                yield _Place("store", row.number), list_record(row.record)

    def _of_log(self, before: int | None) -> Iterator[Session]:
        """Yield the sessions of the log that are not in the store."""
        is_durable, unsaved = self._archive.store.is_durable, self._archive.unsaved
        for session in reversed(self._archive.sessions.snapshot()):
            is_stored = is_durable and session.end is not None and session.id not in unsaved
            if not is_stored and (before is None or _number_of(session) < before):
                yield session


def _read_cursor(cursor: str | None) -> _Place:
    if cursor is None:
        return _Place("log", None)
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ConfigurationError(f"cursor must be one of a page of sessions, not {quote(cursor)}")
    return _Place(found[1], int(found[2]))


def _number_of(session: Session) -> int:
    """Return the number in the id of a session of this run."""
    return int(session.id.rpartition("-")[2])
