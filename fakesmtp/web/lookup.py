"""How routes find messages: a search of a request, a message by its id, read marks.

A dependency or a plain function: `read_query` is both. Errors are `HTTPException`s with a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import fastapi
from fastapi import Depends, HTTPException

from fakesmtp.storage.base import all_messages
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.query import EVERYTHING, All, Equals, Query
from fakesmtp.text import plural, quote

if TYPE_CHECKING:
    from collections.abc import Collection

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.storage.records import MessageRow
    from fakesmtp.web.serving import Serving

#: Messages that are read at once when all are.
_MANY = 1_000
#: An id of a message that stands for the newest one.
LATEST = "latest"


def read_query(
    query: Annotated[str, fastapi.Query(description="A search: `to:kim is:unread`.")] = "",
    app_key: Annotated[
        str | None, fastapi.Query(description="Only messages that were sent with this AppKey.")
    ] = None,
    tz: Annotated[
        str, fastapi.Query(description="IANA time zone of dates in the search: `Asia/Seoul`.")
    ] = "",
) -> Query:
    """Return the query of a request. Raises `QueryError`, which is a wrong parameter."""
    found = parse_query(query, read_zone(tz)) if query else EVERYTHING
    return found if app_key is None else All((found, Equals("app_key", app_key)))


def read_zone(name: str) -> ZoneInfo | None:
    """Return a time zone; None, the machine's own, for an unknown name, as Mailpit does."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, OSError, ValueError):  # unknown, a folder, or not the name of a file
        return None


#: A parameter of a route: the messages that its request is about.
Wanted = Annotated[Query, Depends(read_query)]


def find_row(here: Serving, message_id: str, query: Query = EVERYTHING) -> MessageRow:
    """Return a message without its bytes; raises 404.

    `latest` is the newest message that matches the query. With another id the query is ignored.
    """
    store = here.archive.store
    is_latest = message_id == LATEST
    rows = store.page(query, limit=1).rows if is_latest else tuple(store.rows([message_id]))
    if not rows:
        what = "no message matches" if is_latest else f"there is no message {quote(message_id)}"
        raise HTTPException(404, what)
    return rows[0]


def find_message(here: Serving, message_id: str, query: Query = EVERYTHING) -> ReceivedMessage:
    """Return a message with its bytes; see `find_row`."""
    if message_id == LATEST:
        message_id = find_row(here, message_id, query).record.id
    message = here.archive.mailbox.get(message_id)
    if message is None:
        raise HTTPException(404, f"there is no message {quote(message_id)}")
    return message


def mark_read(here: Serving, ids: Collection[str], *, is_read: bool = True) -> int:
    """Mark messages as read, or as unread; return how many there are. Waits until it is stored."""
    return here.archive.store.mark_read(ids, is_read=is_read).result()


def mark_shown(here: Serving, message_id: str) -> None:
    """Mark a message as read that a request shows.

    One that was read is not changed: its event would come again and again to a client that reads a
    message after each event.
    """
    if any(not row.is_read for row in here.archive.store.rows([message_id])):
        mark_read(here, [message_id])


def find_ids(here: Serving, query: Query) -> list[str]:
    """Return the ids of all messages that match."""
    if query == EVERYTHING:
        return here.archive.store.ids()
    return [row.record.id for row in all_messages(here.archive.store, query, limit=_MANY)]


def check_delete_all(here: Serving) -> None:
    """Raise 409 while an issued account is live: its test would lose its messages."""
    live = len(here.accounts.live)
    if live:
        raise HTTPException(
            409,
            f"{plural(live, 'issued account')} {'is' if live == 1 else 'are'} live, and all "
            "messages would be deleted: add app_key=… to delete those of one account, search for "
            "some with query=…, or end the accounts",
        )


def find_rows(here: Serving, ids: Collection[str], app_key: str | None) -> list[MessageRow]:
    """Return those of some messages that were sent with an AppKey; None: all. Oldest first."""
    rows = here.archive.store.rows(ids)
    return [row for row in rows if app_key in {None, row.record.app_key}]
