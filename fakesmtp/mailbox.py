"""The messages that arrived, with waiting. Thread-safe; works with asyncio and trio.

There are two kinds of waits, both by event, never by polling:

- `run` and `run_async` offer messages as objects to a `Search`, whose conditions may be functions.
  A message is stored and passed to all waiting callers in one step, so no caller gets it twice or
  misses it. Each caller reads messages from its own queue, in its own thread.
- `wait` and `wait_async` wait for messages that match a `Query`. They return rows without bytes and
  continue from a cursor, the number of a message. Lists and counts are `store.page` and
  `store.count` with the same `Query`. `follow` yields every change of the store, for event streams;
  its cursors are those of `fakesmtp.storage.updates`.

The async methods run in the event loop that calls them. Reads of the store run in a thread, and
cancelling the task ends the wait.
"""

from __future__ import annotations

from functools import partial
from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING

from fakesmtp.arrivals import Arrivals
from fakesmtp.awaiting import alarm, in_a_thread, open_handover
from fakesmtp.clock import monotonic
from fakesmtp.errors import FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from fakesmtp.arrivals import FindSession
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.messages.searching import Search
    from fakesmtp.sessions import Session
    from fakesmtp.storage.base import Store
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow
    from fakesmtp.storage.updates import Batch
    from fakesmtp.storage.waiting import Wait


def _without_session(record: MessageRecord) -> Session:
    raise FakeSMTPError(f"session {record.session_id} is no longer stored")


class Mailbox(Arrivals):
    """The messages of one server, and the listeners for new ones."""

    def __init__(self, store: Store, find_session: FindSession = _without_session) -> None:
        """Read from a store; `find_session` finds the session of a message read from a file."""
        super().__init__(store, find_session)
        self._cut_off = ""

    def cut_off(self, reason: str) -> None:
        """Make a search that would wait raise `FakeSMTPError(reason)`; `""` allows waiting."""
        self._cut_off = reason

    def _check_source(self, timeout: float) -> None:
        """Raise `FakeSMTPError` if a caller would wait for messages that cannot arrive."""
        if self._cut_off and timeout > 0:
            raise FakeSMTPError(self._cut_off)

    # -- searching ---------------------------------------------------------------------------------

    def run(self, search: Search, timeout: float) -> None:
        """Offer messages to a search until it has enough, for at most `timeout` seconds."""
        deadline = _deadline(timeout)
        arriving: SimpleQueue[ReceivedMessage] = SimpleQueue()
        with self.listening(arriving.put) as present:
            search.offer_all(present)
            if search.missing > 0:
                self._check_source(timeout)
            while search.missing > 0:
                try:
                    message = arriving.get(timeout=max(0.0, deadline - monotonic()))
                except Empty:
                    return
                search.offer(message)

    def matcher(self, text: str) -> Callable[[ReceivedMessage], bool]:
        """Return a function that tries a search on a message; raises `QueryError`."""
        from fakesmtp.storage.language import parse_query  # noqa: PLC0415 - few tests search

        query = parse_query(text)
        return lambda message: self.store.matches(message.id, query)

    async def run_async(self, search: Search, timeout: float) -> None:
        """Do the same as `run` without blocking the loop; None in the queue means time-out."""
        arriving = open_handover()
        with self.listening(arriving.put) as present:
            search.offer_all(present)
            if search.missing > 0:
                self._check_source(timeout)
                with alarm(timeout, partial(arriving.put, None)):
                    while search.missing > 0 and (arrived := await arriving.get()):
                        search.offer(arrived)

    # -- waiting for a query -----------------------------------------------------------------------

    def wait(
        self, query: Query, *, timeout: float, since: int | None = None, count: int = 1
    ) -> tuple[MessageRow, ...]:
        """Wait until `count` messages match; return the first of them, oldest first.

        Only messages with numbers above `since` count; None: only those that arrive from now on.
        After `timeout` seconds, return those that were found, perhaps none.
        """
        deadline, updates = _deadline(timeout), self.store.updates
        wait = _begin(self.store, query, since, count)
        cursor = updates.cursor
        if not wait.look():
            self._check_source(timeout)
        while not wait.is_over and updates.wait(cursor, deadline - monotonic()):
            cursor = updates.cursor
            wait.look()
        return wait.found

    async def wait_async(
        self, query: Query, *, timeout: float, since: int | None = None, count: int = 1
    ) -> tuple[MessageRow, ...]:
        """Do the same as `wait` without blocking the loop."""
        wait = _begin(self.store, query, since, count)
        bell = _Bell()
        with self.store.updates.listening(bell.ring), alarm(timeout, bell.end):
            await in_a_thread(wait.look)
            if not wait.is_over:
                self._check_source(timeout)
            while not wait.is_over and await bell.wait():
                await in_a_thread(wait.look)
        return wait.found

    async def follow(self, cursor: int | None = None) -> AsyncGenerator[Batch]:
        """Yield the updates of the store after a cursor, as they happen; None: from now on.

        A batch that is not complete tells the caller to read everything again. The generator must
        be closed (`contextlib.aclosing`).
        """
        updates, bell = self.store.updates, _Bell()
        last = updates.cursor if cursor is None else cursor
        with updates.listening(bell.ring):
            while True:
                batch = updates.since(last)
                last = batch.cursor
                if batch.updates or not batch.is_complete:
                    yield batch
                else:
                    await bell.wait()


class _Bell:
    """Wakes a task of an event loop. It rings once until the task has noticed."""

    def __init__(self) -> None:
        self._handover = open_handover()
        self._is_ringing = False

    def ring(self, _: object) -> None:
        """Wake the task, from any thread."""
        if not self._is_ringing:
            self._is_ringing = True
            self._handover.put(True)  # noqa: FBT003 - an item of a queue

    def end(self) -> None:
        """Wake the task for the last time."""
        self._handover.put(False)  # noqa: FBT003 - as above

    async def wait(self) -> bool:
        """Wait for `ring`; return False after `end`."""
        goes_on = bool(await self._handover.get())
        # Whatever happens from here on rings again, and the task looks only now.
        self._is_ringing = False
        return goes_on


def _deadline(timeout: float) -> float:
    return monotonic() + min(timeout, TIMEOUT_MAX)


def _begin(store: Store, query: Query, since: int | None, count: int) -> Wait:
    from fakesmtp.storage.waiting import Wait  # noqa: PLC0415 - with the first wait for a query

    return Wait(store, query, since, count)
