"""What happens on the server, as server-sent events (WHATWG HTML §9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from fakesmtp.sessions.listing import ListedSession
from fakesmtp.storage.updates import Batch, Update, UpdateKind
from fakesmtp.text import quote
from fakesmtp.web.own.faults import describe_rules
from fakesmtp.web.own.parameters import AppKey
from fakesmtp.web.own.problems import problems
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here, Serving
from fakesmtp.web.waiting import before

router = APIRouter(prefix=OWN, tags=["events"], responses=problems())


def _read_cursor(
    last_event_id: Annotated[
        str | None, Header(description="Continue after this event; browsers send it.")
    ] = None,
    after: Annotated[
        str | None, Query(description="The same as `Last-Event-ID`, for clients without headers.")
    ] = None,
) -> int | None:
    given = last_event_id or after
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 18):  # noqa: PLR2004 - digits of a cursor
        raise HTTPException(422, f"Last-Event-ID must be the id of an event, not {quote(given)}")
    return int(given)


_Cursor = Annotated[int | None, Depends(_read_cursor)]
#: What an update tells, as JSON.
Told = Iterator[dict[str, Any]]


@router.get("/events", response_class=EventSourceResponse)
async def follow_events(
    here: Here, cursor: _Cursor, app_key: AppKey = None
) -> AsyncIterator[ServerSentEvent]:
    """Send an event for each thing that happens.

    | event | data |
    |---|---|
    | `ready` | the stream has begun; everything from now on is sent |
    | `message` | a new message, as in a list |
    | `session` | a session that ended, as in a list |
    | `fault` | a planned fault that was applied: rule and count |
    | `faults` | the fault rules were changed: all of them |
    | `limit` | `ids` of messages that a limit of the store removed |
    | `removed` | `ids` of messages that were deleted |
    | `changed` | `ids` of messages with new read marks, tags or findings |
    | `checked` | `ids` of sessions with new findings |
    | `reset` | events were missed: read the lists again |

    With `app_key`, messages, sessions and faults of other accounts are left out.
    """
    teller = _Teller(here, app_key)
    start = here.updates.cursor if cursor is None else cursor
    yield _event("ready", {}, start)
    async with aclosing(here.archive.mailbox.follow(start)) as batches:
        while (batch := await before(here.stopping, anext(batches))) is not None:
            for event in await asyncio.to_thread(teller.tell_all, batch):
                yield event


def _event(name: str, data: Mapping[str, Any], cursor: int | None = None) -> ServerSentEvent:
    # JSON in ASCII, as in all our responses: bytes of clients may not be valid UTF-8.
    return ServerSentEvent(
        event=name, raw_data=json.dumps(data), id=None if cursor is None else str(cursor)
    )


class _Teller:
    """Makes events of updates, for one stream."""

    def __init__(self, here: Serving, app_key: str | None) -> None:
        self._here = here
        self._app_key = app_key

    def tell_all(self, batch: Batch) -> list[ServerSentEvent]:
        """Return the events of a batch; the last one of each update has its cursor as its id."""
        events: list[ServerSentEvent] = []
        if not batch.is_complete:
            events.append(_event("reset", {}, batch.cursor))
        for update in batch.updates:
            name, tell = _TOLD[update.kind]
            data = [each for each in tell(self._here, update) if self._is_wanted(each)]
            events += [_event(name, each) for each in data[:-1]]
            events += [_event(name, each, update.cursor) for each in data[-1:]]
        return events

    def _is_wanted(self, data: Mapping[str, Any]) -> bool:
        """Return whether something belongs to the AppKey of the stream, or to none."""
        fault = data.get("fault", {})
        owner = data.get("app_key", fault.get("app_key", self._app_key))
        return self._app_key is None or owner == self._app_key


def _messages(here: Serving, update: Update) -> Told:
    return (row.as_json() for row in here.archive.store.rows(update.ids))


def _sessions(here: Serving, update: Update) -> Told:
    found = map(here.archive.find_session, update.ids)
    return (ListedSession.of(each).as_json() for each in found if each is not None)


def _ids(_: Serving, update: Update) -> Told:
    yield {"ids": update.ids}


def _applied(here: Serving, update: Update) -> Told:
    numbers = set(map(int, update.ids))
    return (rule for rule in describe_rules(here.faults) if rule["id"] in numbers)


def _rules(here: Serving, update: Update) -> Told:
    del update
    yield {"faults": describe_rules(here.faults)}


_TOLD: Mapping[UpdateKind, tuple[str, Callable[[Serving, Update], Told]]] = {
    UpdateKind.MESSAGES_ADDED: ("message", _messages),
    UpdateKind.MESSAGES_MARKED: ("changed", _ids),
    UpdateKind.MESSAGES_CHECKED: ("changed", _ids),
    UpdateKind.MESSAGES_REMOVED: ("removed", _ids),
    UpdateKind.MESSAGES_EXPIRED: ("limit", _ids),
    UpdateKind.SESSIONS_ADDED: ("session", _sessions),
    UpdateKind.SESSIONS_CHECKED: ("checked", _ids),
    UpdateKind.FAULTS_APPLIED: ("fault", _applied),
    UpdateKind.FAULTS_CHANGED: ("faults", _rules),
}
