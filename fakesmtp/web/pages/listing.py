"""Lists of messages and of sessions: which rows, and one page of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Depends

from fakesmtp.sessions.listing import ListedSession
from fakesmtp.storage.base import Count
from fakesmtp.storage.query import Is, Not
from fakesmtp.storage.records import MessageRow
from fakesmtp.storage.words import QueryError
from fakesmtp.web.pages.filters import Filter
from fakesmtp.web.pages.reader import Reader
from fakesmtp.web.serving import Serving

#: Rows that are loaded at once.
ROWS = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """Some rows, the cursor of the next ones, and why a search cannot be read."""

    filter: Filter
    rows: tuple[MessageRow, ...] = ()
    cursor: int | None = None
    problem: str = ""
    is_first: bool = True


def list_messages(
    here: Serving, reader: Reader, chosen: Filter, cursor: int | None = None
) -> Listing:
    """Return the rows of a filter from a cursor on, the newest first."""
    try:
        query = chosen.query(reader)
    except QueryError as error:
        return Listing(chosen, problem=str(error))
    page = here.archive.store.page(query, cursor=cursor, limit=ROWS)
    return Listing(chosen, page.rows, page.cursor, is_first=cursor is None)


def count_unread(here: Serving) -> Count:
    """Count the unread messages, up to 1,000."""
    return here.archive.store.count(Not(Is("read")))


#: What a list of sessions can be limited to, as a search.
KINDS: Mapping[str, str] = {
    "": "",
    "without": "-has:message",
    "refused": "is:refused",
    "open": "is:open",
}


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """The search of a list of sessions, as in its address: `/sessions?q=…&kind=refused`."""

    q: str = ""
    kind: str = ""

    def __bool__(self) -> bool:
        return bool(self.q or self.kind)

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of an address."""
        return asdict(self)

    @property
    def text(self) -> str:
        """The search as text."""
        return f"{KINDS[self.kind]} {self.q}".strip()


def _read_filter(q: str = "", kind: str = "") -> SessionFilter:
    return SessionFilter(q.strip(), kind if kind in KINDS else "")


#: A parameter of a route: which sessions are listed.
AnySessionFilter = Annotated[SessionFilter, Depends(_read_filter)]


@dataclass(frozen=True, slots=True)
class SessionListing:
    """Some sessions, the cursor of the next ones, and why a search cannot be read."""

    filter: SessionFilter
    rows: tuple[ListedSession, ...] = ()
    cursor: str | None = None
    problem: str = ""
    is_first: bool = True
