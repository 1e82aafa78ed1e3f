"""Lists of messages: pages, searches, read marks, deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import fastapi
from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import PlainTextResponse

from fakesmtp.storage.query import All, Is, Not, Query
from fakesmtp.web.lookup import check_delete_all, find_ids, find_rows, mark_read, read_query
from fakesmtp.web.mailpit.bodies import AnyBody
from fakesmtp.web.mailpit.shapes import Ids, Marks, MessagesSummary
from fakesmtp.web.mailpit.summaries import summarize
from fakesmtp.web.paths import MAILPIT
from fakesmtp.web.serving import Here, Serving

if TYPE_CHECKING:
    from collections.abc import Collection

#: Rows of a page without `limit`, and of the largest page.
_PAGE = 50
MOST_ROWS = 10_000

router = APIRouter(prefix=MAILPIT, tags=["mailpit"], include_in_schema=False)

AppKey = Annotated[
    str | None, fastapi.Query(description="Only messages that were sent with this AppKey.")
]
Zone = Annotated[str, fastapi.Query(description="Time zone of dates in the search.")]


def _read_number(text: str, default: int) -> int:
    """Read a number as Mailpit does: what is not a number is the default."""
    is_number = text.isascii() and text.isdecimal() and len(text) < len(str(2**31))
    return int(text) if is_number else default


def _read_start(start: str = "") -> int:
    return _read_number(start, 0)


def _read_limit(limit: str = "") -> int:
    return min(_read_number(limit, _PAGE), MOST_ROWS)


Start = Annotated[int, Depends(_read_start)]
Limit = Annotated[int, Depends(_read_limit)]


def _read_search(query: str = "", app_key: AppKey = None, tz: Zone = "") -> Query:
    if not query.strip():
        raise HTTPException(400, "query is empty (example: query=subject:welcome)")
    return read_query(query, app_key, tz)


Search = Annotated[Query, Depends(_read_search)]


@router.get("/messages")
def list_messages(
    here: Here, start: Start, limit: Limit, app_key: AppKey = None
) -> MessagesSummary:
    """Return a page of all messages, the newest first. `limit=0` is the largest page."""
    inbox = read_query(app_key=app_key)
    if not limit:
        start, limit = 0, MOST_ROWS
    return _page(here, inbox, inbox, start, limit)


@router.get("/search")
def search_messages(
    here: Here, search: Search, start: Start, limit: Limit, app_key: AppKey = None
) -> MessagesSummary:
    """Return a page of the messages that match, the newest first."""
    return _page(here, search, read_query(app_key=app_key), start, limit)


def _page(here: Serving, query: Query, inbox: Query, start: int, limit: int) -> MessagesSummary:
    rows = here.archive.store.page(query, offset=start, limit=limit).rows if limit else ()
    everything = here.counts.totals(inbox)
    found = everything if query is inbox else here.counts.totals(query)
    return MessagesSummary(
        total=everything.messages,
        unread=everything.unread,
        count=len(rows),
        messages_count=found.messages,
        messages_unread=found.unread,
        start=start,
        tags=list(here.counts.tags(inbox)),
        messages=[summarize(row) for row in rows],
    )


@router.put("/messages")
def mark_messages(
    here: Here, body: AnyBody, app_key: AppKey = None, tz: Zone = ""
) -> PlainTextResponse:
    """Mark messages as read, or as unread: those of ids, those that match, or all."""
    marks = body.read(Marks)
    if marks.ids and marks.search:
        raise HTTPException(400, "give IDs or Search, not both")
    ids = _only_of(here, marks.ids, app_key) if marks.ids else None
    if ids is None:
        query = read_query(marks.search, app_key, tz)
        unchanged = Is("read") if marks.read else Not(Is("read"))
        ids = find_ids(here, All((query, Not(unchanged))))
    mark_read(here, ids, is_read=marks.read)
    return PlainTextResponse("ok")


@router.delete("/messages")
def delete_messages(here: Here, body: AnyBody, app_key: AppKey = None) -> PlainTextResponse:
    """Delete messages by their ids; without ids, all messages.

    A body that cannot be read deletes nothing (400). Unknown ids are ignored.
    """
    ids = body.read(Ids).ids if body else []
    store = here.archive.store
    if ids:
        store.remove(_only_of(here, ids, app_key)).result()
    else:
        if app_key is None:
            check_delete_all(here)
        store.remove_matching(read_query(app_key=app_key)).result()
    return PlainTextResponse("ok")


@router.delete("/search")
def delete_matching(here: Here, search: Search) -> PlainTextResponse:
    """Delete the messages that match."""
    here.archive.store.remove_matching(search).result()
    return PlainTextResponse("ok")


def _only_of(here: Serving, ids: Collection[str], app_key: str | None) -> Collection[str]:
    """Return ids without those of messages of other AppKeys."""
    if app_key is None:
        return ids
    return [row.record.id for row in find_rows(here, ids, app_key)]
