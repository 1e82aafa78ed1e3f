"""What happens on the server, as server-sent events (WHATWG HTML §9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

from anyio import BrokenResourceError
from fastapi import APIRouter, Depends, Header, HTTPException, Query
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, ServerSentEvent

from fakesmtp.sessions.listing import ListedSession
from fakesmtp.storage.session_search import with_app_key
from fakesmtp.storage.updates import Batch, Update, UpdateKind
from fakesmtp.text import quote
from fakesmtp.web.lookup import find_rows
from fakesmtp.web.own.faults import describe_rules, faults_of
from fakesmtp.web.own.parameters import AppKey
from fakesmtp.web.own.problems import problems
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here, Serving
from fakesmtp.web.waiting import before

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from fakesmtp.storage.records import MessageRow


class _StreamRoute(APIRoute):
    """A route whose clients leave at any time, which is not an error."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().handle(scope, receive, send)
        except* BrokenResourceError:
            # FastAPI had another event for a client that has left.
            pass


router = APIRouter(prefix=OWN, tags=["events"], responses=problems(), route_class=_StreamRoute)


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
#: The data of the events of an update, as JSON.
Payloads = Iterable[dict[str, Any]]


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

    With `app_key`, messages, sessions and fault rules of other accounts are left out.
    """
    maker = _EventMaker(here, app_key)
    start = here.updates.cursor if cursor is None else cursor
    yield _event("ready", {}, start)
    async with aclosing(here.archive.mailbox.follow(start)) as batches:
        while (batch := await before(here.stopping.wait(), anext(batches))) is not None:
            for event in await asyncio.to_thread(maker.make, batch):
                yield event


def _event(name: str, data: Mapping[str, Any], cursor: int | None = None) -> ServerSentEvent:
    # JSON in ASCII, as in all our responses: bytes of clients may not be valid UTF-8.
    return ServerSentEvent(
        event=name, raw_data=json.dumps(data), id=None if cursor is None else str(cursor)
    )


class _EventMaker:
    """Makes events of updates, for one stream: of one AppKey, or of all."""

    def __init__(self, here: Serving, app_key: str | None) -> None:
        self._here = here
        self._app_key = app_key
        self._is_mine = with_app_key(app_key)
        self._kinds: Mapping[UpdateKind, tuple[str, Callable[[Update], Payloads]]] = {
            UpdateKind.MESSAGES_ADDED: ("message", self._messages),
            UpdateKind.MESSAGES_MARKED: ("changed", self._changed),
            UpdateKind.MESSAGES_CHECKED: ("changed", self._changed),
            UpdateKind.MESSAGES_REMOVED: ("removed", self._gone),
            UpdateKind.MESSAGES_EXPIRED: ("limit", self._gone),
            UpdateKind.SESSIONS_ADDED: ("session", self._sessions),
            UpdateKind.SESSIONS_CHECKED: ("checked", self._checked),
            UpdateKind.FAULTS_APPLIED: ("fault", self._applied),
            UpdateKind.FAULTS_CHANGED: ("faults", self._rules),
        }

    def make(self, batch: Batch) -> list[ServerSentEvent]:
        """Return the events of a batch; the last one of each update has its cursor as its id."""
        events: list[ServerSentEvent] = []
        if not batch.is_complete:
            events.append(_event("reset", {}, batch.cursor))
        for update in self._here.pauses.between(batch.updates):
            name, read = self._kinds[update.kind]
            data = list(read(update))
            events += [_event(name, each) for each in data[:-1]]
            events += [_event(name, each, update.cursor) for each in data[-1:]]
        return events

    # -- of messages -------------------------------------------------------------------------------

    def _messages(self, update: Update) -> Payloads:
        return (row.as_json() for row in self._rows(update))

    def _changed(self, update: Update) -> Payloads:
        if self._app_key is None:
            return _ids(update.ids)
        return _ids([row.record.id for row in self._rows(update)])

    def _gone(self, update: Update) -> Payloads:
        return _ids(update.gone_from(self._app_key))

    def _rows(self, update: Update) -> list[MessageRow]:
        return find_rows(self._here, update.ids, self._app_key)

    # -- of sessions -------------------------------------------------------------------------------

    def _sessions(self, update: Update) -> Payloads:
        return (session.as_json() for session in self._listed(update))

    def _checked(self, update: Update) -> Payloads:
        if self._app_key is None:
            return _ids(update.ids)
        return _ids([session.header.id for session in self._listed(update)])

    def _listed(self, update: Update) -> Iterator[ListedSession]:
        found = map(self._here.archive.find_session, update.ids)
        listed = (ListedSession.of(each) for each in found if each is not None)
        return filter(self._is_mine, listed)

    # -- of fault rules ----------------------------------------------------------------------------

    def _applied(self, update: Update) -> Payloads:
        """Return the rules that were applied, also those for every AppKey."""
        numbers = set(map(int, update.ids))
        rules = describe_rules(self._here.faults)
        return (each for each in rules if each["id"] in numbers and self._concerns(each["fault"]))

    def _concerns(self, fault: Mapping[str, Any]) -> bool:
        return self._app_key is None or fault.get("app_key") in {None, self._app_key}

    def _rules(self, update: Update) -> Payloads:
        del update
        return [{"faults": describe_rules(faults_of(self._here, self._app_key))}]


def _ids(ids: Collection[str]) -> Payloads:
    """Return one event with ids, or none without."""
    return [{"ids": ids}] if ids else []
