"""The sessions of one server as one list: those in its log, and those in its store."""

from __future__ import annotations

import re
from dataclasses import replace
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
    """All sessions of an archive, newest first: those of the log, then the others of the store."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def page(
        self, matches: SessionTest, *, cursor: str | None = None, limit: int = PAGE
    ) -> SessionPage:
        """Return the sessions that match, from a cursor on.

        Raises `ConfigurationError` for an invalid cursor.
        """
        listed = (each for each in self._list(_read_cursor(cursor)) if matches(each[1]))
        found = list(islice(listed, limit + 1))
        more = str(found[limit - 1][0]) if len(found) > limit else None
        return SessionPage(tuple(each for _, each in found[:limit]), more)

    def _list(self, after: _Place) -> Iterator[tuple[_Place, ListedSession]]:
        """Yield sessions with their places."""
        in_log = self._archive.sessions.snapshot()
        if after.where == "log":
            for session in reversed(in_log):
                number = _number_of(session)
                if after.number is None or number < after.number:
                    listed = replace(ListedSession.of(session), replica=self._archive.store.replica)
                    yield _Place("log", number), listed
            after = _Place("store", None)
        if self._archive.store.is_durable:
            known = {session.id for session in in_log}
            for row in all_sessions(self._archive.store, oldest_first=False, cursor=after.number):
                if row.record.header.id not in known:
                    yield _Place("store", row.number), list_record(row.record)


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
