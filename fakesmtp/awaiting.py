"""Wait in an event loop (asyncio or trio) for events in other threads.

Nothing is imported before a loop runs: loading asyncio takes as long as the whole start of a
server.
"""

from __future__ import annotations

import sys
from collections import deque
from contextlib import contextmanager, suppress
from threading import TIMEOUT_MAX, Timer
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.errors import FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

#: How each event loop calls a blocking function without being blocked.
TO_THREAD = {"asyncio": "asyncio.to_thread", "trio": "trio.to_thread.run_sync"}


class Handover(NamedTuple):
    """A queue into an event loop: any thread can `put`, a task of the loop can `get`."""

    put: Callable[[Any], None]
    get: Callable[[], Awaitable[Any]]


def running_loop() -> str | None:
    """Return the kind of event loop that runs in this thread: `asyncio`, `trio` or None."""
    # trio first: in its guest mode the thread also runs a loop of asyncio.
    trio, asyncio = sys.modules.get("trio"), sys.modules.get("asyncio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return "trio"
    if asyncio is not None:
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            return "asyncio"
    return None


def open_handover() -> Handover:
    """Return a queue into the running event loop; raise `FakeSMTPError` if there is none."""
    return _into_trio() if _require_loop() == "trio" else _into_asyncio()


async def in_a_thread(function: Callable[..., object], *args: object) -> None:
    """Call a blocking function in a thread while the event loop runs; raise what it raises."""
    if _require_loop() == "trio":
        await sys.modules["trio"].to_thread.run_sync(function, *args)
    else:
        await sys.modules["asyncio"].to_thread(function, *args)


@contextmanager
def alarm(seconds: float, ring: Callable[[], None]) -> Iterator[None]:
    """Call `ring` in a thread after `seconds`, unless the block ends first.

    A timer of the loop would never end while a test freezes time.
    """
    timer = Timer(min(seconds, TIMEOUT_MAX), ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _require_loop() -> str:
    loop = running_loop()
    if loop is None:
        raise FakeSMTPError(
            "no supported event loop runs in this thread: use asyncio, trio or anyio"
        )
    return loop


def _into_asyncio() -> Handover:
    asyncio = sys.modules["asyncio"]
    loop, queue = asyncio.get_running_loop(), asyncio.Queue()

    def put(item: object) -> None:
        # A loop that was closed without cancelling its tasks has no task left to wake.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(queue.put_nowait, item)

    return Handover(put, queue.get)


def _into_trio() -> Handover:
    trio = sys.modules["trio"]
    token, lot = trio.lowlevel.current_trio_token(), trio.lowlevel.ParkingLot()
    items: deque[object] = deque()

    def arrive(item: object) -> None:
        items.append(item)
        lot.unpark()

    def put(item: object) -> None:
        with suppress(trio.RunFinishedError):  # as above
            token.run_sync_soon(arrive, item)

    async def get() -> object:
        while not items:
            await lot.park()
        return items.popleft()

    return Handover(put, get)
