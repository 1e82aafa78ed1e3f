"""Waits of many requests for messages, woken by the updates of the store.

Each arrival wakes the event loop once, however many requests wait, and then only the waits for its
AppKey and those for no AppKey. So 1,000 tests that wait in their own inboxes cost a server as
little as one. Marks and findings wake only the waits whose answer they can change.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from fakesmtp.errors import StoreError
from fakesmtp.storage.query import can_change
from fakesmtp.storage.updates import UpdateKind
from fakesmtp.storage.waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator

    from starlette.requests import Request

    from fakesmtp.archive import Archive
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow
    from fakesmtp.storage.updates import Update

T = TypeVar("T")
#: Updates after which a message that is here may begin to match.
_CHANGES = frozenset({UpdateKind.MESSAGES_MARKED, UpdateKind.MESSAGES_CHECKED})


class Waits:
    """The waits of one HTTP server."""

    def __init__(self, archive: Archive, stopping: asyncio.Event) -> None:
        self._archive = archive
        self._stopping = stopping
        #: The bells of all waits by their AppKeys, and those that a change of a message wakes.
        self._bells: defaultdict[str | None, set[asyncio.Event]] = defaultdict(set)
        self._of_changes: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def count(self) -> int:
        """How many requests wait now."""
        return sum(map(len, self._bells.values()))

    async def wait(
        self, query: Query, app_key: str | None, *, since: int, timeout: float
    ) -> MessageRow | None:
        """Return the oldest message that matches and has a number above `since`.

        None if there is none within `timeout` seconds, or before the server stops. `app_key` is
        that of the query, if any.
        """
        wait = Wait(self._archive.store, query, since, 1)
        with self._bell(query, app_key) as bell, suppress(TimeoutError):
            if not await asyncio.to_thread(wait.look):
                async with asyncio.timeout(timeout):
                    while not (wait.is_over or self._stopping.is_set()):
                        await bell.wait()
                        bell.clear()
                        await asyncio.to_thread(wait.look)
        return wait.found[0] if wait.found else None

    def end(self) -> None:
        """Stop listening, and wake all waits after `stopping` was set: they end."""
        self._archive.store.updates.stop_listening(self._notice)
        for bell in [bell for bells in self._bells.values() for bell in bells]:
            bell.set()

    @contextmanager
    def _bell(self, query: Query, app_key: str | None) -> Iterator[asyncio.Event]:
        """Listen during a `with` block."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._archive.store.updates.listen(self._notice)
        bell = asyncio.Event()
        rings = [self._bells[app_key], *([self._of_changes] if can_change(query) else [])]
        for ring in rings:
            ring.add(bell)
        try:
            yield bell
        finally:
            for ring in rings:
                ring.discard(bell)
            if not self._bells[app_key]:
                del self._bells[app_key]

    def _notice(self, update: Update) -> None:
        """Wake the event loop if anyone waits. Called in the thread of the change."""
        if not self._bells or self._loop is None:
            return
        with suppress(RuntimeError):  # the loop was closed
            if update.kind is UpdateKind.MESSAGES_ADDED:
                self._loop.call_soon_threadsafe(self._ring_for, self._concerned(update))
            elif update.kind in _CHANGES and self._of_changes:
                self._loop.call_soon_threadsafe(_ring, self._of_changes)

    def _ring_for(self, concerned: set[str | None] | None) -> None:
        for app_key in tuple(self._bells) if concerned is None else concerned:
            _ring(self._bells.get(app_key, ()))

    def _concerned(self, update: Update) -> set[str | None] | None:
        """Return the AppKeys whose waits are woken; None: all. The one of no AppKey is None."""
        try:
            # New messages are in memory, except for those of other servers that share the store.
            messages = self._archive.mailbox.get_all(update.ids)
            return {None, *(message.app_key for message in messages)}
        except StoreError:
            return None


def _ring(bells: Iterable[asyncio.Event]) -> None:
    for bell in bells:
        bell.set()


async def leave(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass  # the body, which nobody reads


async def before(end: Coroutine[Any, Any, object], awaited: Coroutine[Any, Any, T]) -> T | None:
    """Return what is awaited; None when `end` returns first."""
    tasks = asyncio.ensure_future(awaited), asyncio.ensure_future(end)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
