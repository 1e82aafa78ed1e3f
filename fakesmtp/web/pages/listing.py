"""The list of messages: one page of it, and what is above it."""

from __future__ import annotations

from dataclasses import dataclass

from fakesmtp.storage.base import Count
from fakesmtp.storage.language import QueryError
from fakesmtp.storage.query import Is, Not
from fakesmtp.storage.records import MessageRow
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
