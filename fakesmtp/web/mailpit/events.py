"""Mailpit's event socket: what happens to the messages, as JSON in text frames.

| Type | Data |
|---|---|
| `new` | a message, as in a list |
| `update` | `ID` and `Read`, or `ID` and `Tags` |
| `delete` | `ID` |
| `truncate` | null: no message is left |
| `prune` | null: messages changed or are gone; read the list again |
| `stats` | `Total`, `Unread`, `Version` |
| `error` | `Level`, `Type`, `IP`, `Message`: a session that was refused |
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from fakesmtp import __version__
from fakesmtp.server import engine_of
from fakesmtp.storage.updates import Batch, Update, UpdateKind
from fakesmtp.web.lookup import find_rows, read_query
from fakesmtp.web.mailpit.summaries import summarize
from fakesmtp.web.serving import Here, Serving

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from fakesmtp.sessions import Session
    from fakesmtp.storage.records import MessageRow

    Frame = dict[str, Any]

router = APIRouter(include_in_schema=False)

#: More messages of one change are sent as one event.
_MOST_SINGLE = 200
#: Refused sessions that wait for a slow client; others are dropped.
_MOST_WAITING = 256
#: Time between two events with counts (seconds).
_STATS_EVERY = 0.25


@router.websocket("/api/events")
async def send_events(socket: WebSocket, here: Here, app_key: str | None = None) -> None:
    """Send events until the client leaves. With `app_key`, only those of its messages."""
    stream = _Stream(socket, here, app_key)
    await socket.accept()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stream.watch_client())
            tasks.create_task(stream.send_changes())
            tasks.create_task(stream.send_stats())
            tasks.create_task(stream.send_refusals())
    except* WebSocketDisconnect:
        pass


class _Stream:
    """The events of one client, from now on: what comes while it connects is not missed."""

    def __init__(self, socket: WebSocket, here: Serving, app_key: str | None) -> None:
        self._socket = socket
        self._here = here
        self._app_key = app_key
        self._inbox = read_query(app_key=app_key)
        self._start = here.updates.cursor
        self._changed = asyncio.Event()
        self._frames_of: Mapping[UpdateKind, Callable[[Update], Iterator[Frame]]] = {
            UpdateKind.MESSAGES_ADDED: self._added,
            UpdateKind.MESSAGES_MARKED: self._marked,
            UpdateKind.MESSAGES_REMOVED: self._removed,
            UpdateKind.MESSAGES_EXPIRED: self._expired,
        }

    # -- tasks -------------------------------------------------------------------------------------

    async def watch_client(self) -> NoReturn:
        """Ignore what the client sends; raise `WebSocketDisconnect` when it leaves."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))

    async def send_changes(self) -> None:
        """Send the changes of messages, beginning with the counts of now."""
        await self._send([await asyncio.to_thread(self._stats)])
        async with aclosing(self._here.archive.mailbox.follow(self._start)) as batches:
            async for batch in batches:
                await self._send(await asyncio.to_thread(self._read, batch))
                self._changed.set()

    async def send_stats(self) -> NoReturn:
        """Send the counts after changes, at most four times a second."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_STATS_EVERY)
            self._changed.clear()
            await self._send([await asyncio.to_thread(self._stats)])

    async def send_refusals(self) -> NoReturn:
        """Send an error for each session that was refused and brought no message."""
        refused: asyncio.Queue[Session] = asyncio.Queue(_MOST_WAITING)
        loop = asyncio.get_running_loop()

        def keep(session: Session) -> None:
            with suppress(asyncio.QueueFull):
                refused.put_nowait(session)

        def arrive(session: Session) -> None:
            if session.refused and not session.message_count:
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(keep, session)

        stop = engine_of(self._here.smtp).watch_sessions(arrive)
        try:
            while True:
                session = await refused.get()
                if self._app_key in {None, session.app_key}:
                    await self._send([_describe_refusal(session)])
        finally:
            stop()

    async def _send(self, frames: Collection[Frame]) -> None:
        for frame in frames:
            await self._socket.send_text(json.dumps(frame))

    # -- what is sent ------------------------------------------------------------------------------

    def _read(self, batch: Batch) -> list[Frame]:
        """Return the events of some updates. Reads the store."""
        lost = [] if batch.is_complete else [_event("prune")]
        sent = (
            frame
            for update in self._here.pauses.between(batch.updates)
            if update.kind in self._frames_of
            for frame in self._frames_of[update.kind](update)
        )
        return [*lost, *sent]

    def _stats(self) -> Frame:
        totals = self._here.counts.totals(self._inbox)
        data = {"Total": totals.messages, "Unread": totals.unread, "Version": __version__}
        return _event("stats", data)

    def _added(self, update: Update) -> Iterator[Frame]:
        rows = self._rows(update)
        if len(rows) > _MOST_SINGLE:
            yield _event("prune")
            return
        for row in rows:
            yield _event("new", summarize(row).model_dump(mode="json"))

    def _marked(self, update: Update) -> Iterator[Frame]:
        if len(update.ids) > _MOST_SINGLE:  # Mailpit sends the counts only
            return
        for row in self._rows(update):
            yield _event("update", {"ID": row.record.id, "Read": row.is_read})
            yield _event("update", {"ID": row.record.id, "Tags": list(row.tags)})

    def _rows(self, update: Update) -> list[MessageRow]:
        return find_rows(self._here, update.ids, self._app_key)

    def _removed(self, update: Update) -> Iterator[Frame]:
        gone = update.gone_from(self._app_key)
        if not gone:
            return
        if not self._here.counts.totals(self._inbox).messages:
            yield _event("truncate")
        elif len(gone) > _MOST_SINGLE:
            yield _event("prune")
        else:
            yield from (_event("delete", {"ID": each}) for each in gone)

    def _expired(self, update: Update) -> Iterator[Frame]:
        if update.gone_from(self._app_key):
            yield _event("prune")


def _event(kind: str, data: object = None) -> Frame:
    return {"Type": kind, "Data": data}


def _describe_refusal(session: Session) -> Frame:
    address, _, _ = session.peer.rpartition(":")
    data = {
        "Level": "warning",
        "Type": "smtpd",
        "IP": address.strip("[]"),
        "Message": session.diagnosis,
    }
    return _event("error", data)
