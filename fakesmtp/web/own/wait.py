"""Waiting for a message: answered when it arrives, or with what did arrive."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from fakesmtp.messages.searching import LISTED, describe_arrivals
from fakesmtp.sessions import Session
from fakesmtp.sessions.diagnosis import describe_failures
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.storage.query import EVERYTHING, Equals
from fakesmtp.storage.records import MessageRow
from fakesmtp.web.answers import Json
from fakesmtp.web.lookup import Wanted
from fakesmtp.web.own.messages import describe_message
from fakesmtp.web.own.parameters import MOST_NUMBER, AppKey
from fakesmtp.web.own.problems import problems
from fakesmtp.web.own.schemas import MessageOut, NothingCame
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here, Serving
from fakesmtp.web.waiting import before, leave

#: Seconds that a request waits: by default, and at most.
PATIENCE = 5.0
_MOST = 600.0
#: Messages that are counted when none matched.
MOST_COUNTED = 200
_NOTHING: dict[int | str, dict[str, Any]] = {
    404: {"model": NothingCame, "description": "No message matched in time."}
}

router = APIRouter(prefix=OWN, tags=["messages"], responses=problems())


@router.get("/wait", response_model=MessageOut, responses=_NOTHING)
async def wait_for_message(
    here: Here,
    request: Request,
    wanted: Wanted,
    *,
    query: Annotated[str, Query(include_in_schema=False)] = "",
    app_key: AppKey = None,
    timeout: Annotated[float, Query(ge=0, le=_MOST, description="Seconds.")] = PATIENCE,
    since: Annotated[
        int,
        Query(
            ge=0,
            le=MOST_NUMBER,
            description="Only messages with a higher `number` count. `newest` of a list of "
            "messages before an action waits for what the action sends.",
        ),
    ] = 0,
) -> Json:
    """Return the oldest message that matches, here already or still to come.

    When none has come in time, the answer is 404 with what did arrive and the sessions that were
    refused; `detail` has it as text.
    """
    waiting = here.waits.wait(wanted, app_key, since=since, timeout=timeout)
    found = await before(leave(request), waiting)
    if found is not None:
        return Json(await asyncio.to_thread(describe_message, here, found))
    if here.stopping.is_set() or await request.is_disconnected():
        return Json({"detail": "the server stops"}, 503)
    failure = _Failure(here, query, app_key, since)
    return Json(await asyncio.to_thread(failure.as_json, timeout), 404)


class _Failure:
    """What is told when no message has come: as `FakeSMTP.wait_for` tells it."""

    def __init__(self, here: Serving, query: str, app_key: str | None, since: int) -> None:
        self._here = here
        self._query, self._app_key, self._since = query, app_key, since

    def as_json(self, waited: float) -> dict[str, object]:
        """Return the body of the answer after so many seconds."""
        number, newest = self._arrivals()
        sessions = self._sessions()
        messages = filter(None, (self._here.archive.mailbox.get(r.record.id) for r in newest))
        refused = [each for each in sessions if each.refused][-LISTED:]
        lines = [
            f"no message came within {waited:g} s",
            f"awaited: {self._describe_awaited()}",
            *describe_arrivals(number, list(messages)[::-1]),
            *describe_failures(sessions),
        ]
        return {
            "detail": "\n".join(lines),
            "arrived": number,
            "messages": [row.as_json() for row in newest],
            "refused_sessions": [ListedSession.of(each).as_json() for each in reversed(refused)],
        }

    def _describe_awaited(self) -> str:
        account = f" of AppKey {self._app_key}" if self._app_key is not None else ""
        later = f" after number {self._since}" if self._since else ""
        return f"{self._query or 'any message'}{account}{later}"

    def _arrivals(self) -> tuple[int, list[MessageRow]]:
        """Return the number of messages that came, and the newest of them, newest first."""
        store, app_key = self._here.archive.store, self._app_key
        mine = EVERYTHING if app_key is None else Equals("app_key", app_key)
        newest = [each for each in store.page(mine, limit=LISTED).rows if each.number > self._since]
        later = store.page(mine, cursor=self._since, limit=MOST_COUNTED, oldest_first=True)
        return len(later.rows), newest

    def _sessions(self) -> list[Session]:
        """Return the sessions of the account, and those without a login: one may be its own."""
        sessions = self._here.archive.sessions.snapshot()
        if self._app_key is None:
            return sessions
        return [each for each in sessions if each.app_key in {None, self._app_key}]
