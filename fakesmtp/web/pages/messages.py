"""Messages: the list, one message with its tabs, and what a reader does with it."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from fakesmtp.storage.query import All, Is, Not, Query
from fakesmtp.storage.records import MessageRow
from fakesmtp.storage.words import QueryError
from fakesmtp.web.lookup import find_ids
from fakesmtp.web.own.parameters import Cursor
from fakesmtp.web.pages.bodies import find
from fakesmtp.web.pages.contents import Reading, read_message
from fakesmtp.web.pages.errors import PageError
from fakesmtp.web.pages.filters import AnyFilter, Filter, SentFilter
from fakesmtp.web.pages.guard import NeedsToken
from fakesmtp.web.pages.listing import count_unread, list_messages
from fakesmtp.web.pages.rendering import AnyView, View
from fakesmtp.web.pages.texts import later
from fakesmtp.web.serving import Here, Serving

router = APIRouter()
#: Parts of the page, which htmx asks for.
PARTS = "/page/messages"


@router.get("/")
def show_inbox(here: Here, view: AnyView, chosen: AnyFilter) -> Response:
    """Show the list, and no message yet."""
    return _show_page(here, view, chosen)


@router.get("/view/{message_id}")
def show_message(
    here: Here, view: AnyView, chosen: AnyFilter, message_id: str, tab: str = ""
) -> Response:
    """Show the list and one message."""
    return _show_page(here, view, chosen, _read(here, message_id, tab))


@router.get(PARTS)
def show_rows(
    here: Here,
    view: AnyView,
    chosen: AnyFilter,
    cursor: Cursor = None,
) -> Response:
    """Show rows of the list from a cursor on."""
    return _show_rows(here, view, chosen, cursor)


@router.get(f"{PARTS}/unread")
def show_unread(here: Here, view: AnyView) -> Response:
    """Show how many messages are unread."""
    return view.show("messages/unread.html", count=count_unread(here))


@router.get(f"{PARTS}/{{message_id}}")
def show_reading(here: Here, view: AnyView, message_id: str, tab: str = "") -> Response:
    """Show one message without the list."""
    return view.show("messages/reading.html", reading=_read(here, message_id, tab))


@router.get(f"{PARTS}/{{message_id}}/changed")
def show_changed(here: Here, view: AnyView, message_id: str) -> Response:
    """Show what marks and tags change."""
    return _show_changed(here, view, message_id)


@router.get(f"{PARTS}/{{message_id}}/contents")
def show_contents(
    here: Here, view: AnyView, message_id: str, tab: str = "", *, remote: bool = False
) -> Response:
    """Show one tab of a message; with `remote`, the HTML may load content of other places."""
    reading = _read(here, message_id, tab, remote=remote)
    return view.show("messages/contents.html", reading=reading)


def _show_page(
    here: Serving, view: View, chosen: Filter, reading: Reading | None = None
) -> Response:
    return view.show(
        "messages/page.html",
        section="messages",
        listing=list_messages(here, view.reader, chosen),
        reading=reading,
        server=here.smtp,
    )


def _show_rows(here: Serving, view: View, chosen: Filter, cursor: int | None = None) -> Response:
    listing = list_messages(here, view.reader, chosen, cursor)
    return view.show("messages/rows.html", listing=listing, server=here.smtp)


# -- changes ---------------------------------------------------------------------------------------


@router.post(f"{PARTS}/read", dependencies=[NeedsToken])
def read_listed(here: Here, view: AnyView, chosen: SentFilter) -> Response:
    """Mark all messages of the list as read."""
    unread = All((_query(view, chosen), Not(Is("read"))))
    here.archive.store.mark_read(find_ids(here, unread)).result()
    return Response(headers={"HX-Trigger": "read"})


@router.post(f"{PARTS}/{{message_id}}/read", dependencies=[NeedsToken])
def mark_read(here: Here, view: AnyView, message_id: str) -> Response:
    """Mark a message as read."""
    return _mark(here, view, message_id, is_read=True)


@router.post(f"{PARTS}/{{message_id}}/unread", dependencies=[NeedsToken])
def mark_unread(here: Here, view: AnyView, message_id: str) -> Response:
    """Mark a message as unread."""
    return _mark(here, view, message_id, is_read=False)


@router.post(f"{PARTS}/{{message_id}}/tags", dependencies=[NeedsToken])
def add_tag(here: Here, view: AnyView, message_id: str, tag: Annotated[str, Form()]) -> Response:
    """Add a tag to a message."""
    row = _row(here, message_id)
    here.archive.store.tag([row.record.id], (*row.tags, tag)).result()
    return _show_changed(here, view, message_id)


@router.delete(f"{PARTS}/{{message_id}}/tags", dependencies=[NeedsToken])
def remove_tag(here: Here, view: AnyView, message_id: str, tag: str) -> Response:
    """Remove a tag from a message."""
    row = _row(here, message_id)
    here.archive.store.tag([row.record.id], [each for each in row.tags if each != tag]).result()
    return _show_changed(here, view, message_id)


@router.delete(f"{PARTS}/{{message_id}}", dependencies=[NeedsToken])
def delete_message(here: Here, view: AnyView, message_id: str) -> Response:
    """Delete one message."""
    row = _row(here, message_id)
    here.archive.mailbox.remove([row.record.id])
    # In ASCII, as a header must be.
    events = json.dumps({"notice": view.translate(later("Deleted")), "removed": row.record.id})
    return Response(headers={"HX-Trigger": events})


@router.delete(PARTS, dependencies=[NeedsToken])
def delete_listed(here: Here, view: AnyView, chosen: AnyFilter) -> Response:
    """Delete all messages of the list."""
    here.archive.store.remove_matching(_query(view, chosen)).result()
    return Response(headers={"HX-Redirect": "/"})


def _query(view: View, chosen: Filter) -> Query:
    try:
        return chosen.query(view.reader)
    except QueryError as error:
        raise PageError(400, str(error)) from None


def _mark(here: Serving, view: View, message_id: str, *, is_read: bool) -> Response:
    row = _row(here, message_id)
    if row.is_read is not is_read:
        here.archive.store.mark_read([row.record.id], is_read=is_read).result()
    return _show_changed(here, view, message_id)


def _show_changed(here: Serving, view: View, message_id: str) -> Response:
    """Show what marks and tags change: the row, the tags of the open message, the counts."""
    row = _row(here, message_id)
    return view.show("messages/changed.html", row=row, count=count_unread(here))


def _row(here: Serving, message_id: str) -> MessageRow:
    rows = here.archive.store.rows([message_id])
    if not rows:
        raise PageError(404, "this message is no longer here")
    return rows[0]


def _read(here: Serving, message_id: str, tab: str, *, remote: bool = False) -> Reading:
    return read_message(_row(here, message_id), find(here, message_id), tab, remote=remote)
