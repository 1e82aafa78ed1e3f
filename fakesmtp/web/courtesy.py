"""Leaves the processor to SMTP while messages arrive.

All threads of a process share one interpreter, which treats them alike: beside thirty busy requests
SMTP would get a thirtieth of the time. So HTTP has few threads, and while messages arrive it works
for an eighth of the time and pauses for the rest. Its loop pauses, and so do searches and
events, which its threads make.
"""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from anyio.to_thread import current_default_thread_limiter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fakesmtp.counts import Counts

_T = TypeVar("_T")

#: Seconds of work before a pause, and how much longer than the work the pause is.
WORK, _REST = 0.02, 7
#: The longest pause (seconds), after work that took longer.
_LONGEST = 0.2
#: Messages per second from which on HTTP pauses, and seconds for which it goes on to pause when
#: fewer arrive: it may be HTTP that delays them.
_MANY, _RUSH = 100, 1.0
#: Seconds to the next look when few messages arrive.
_IDLE = 0.1
#: The part of its time that HTTP's loop is busy when it has something to do.
_BUSY = 0.05
#: Threads that work for requests at the same time.
_WORKERS = 4
#: Seconds after which the interpreter changes threads if another one waits; by default 0.005.
_SWITCH = 0.0005


class Pauses:
    """The pauses of HTTP. Long work in its threads waits for their end."""

    def __init__(self) -> None:
        self._is_over = Event()
        self._is_over.set()

    def wait(self) -> None:
        """Wait until no pause lasts."""
        self._is_over.wait()

    def between(self, items: Iterable[_T]) -> Iterator[_T]:
        """Yield items, and wait before each while a pause lasts."""
        for item in items:
            self.wait()
            yield item

    def make(self, seconds: float) -> None:
        """Stop the calling thread, which runs HTTP's loop, for so many seconds."""
        self._is_over.clear()
        try:
            time.sleep(seconds)
        finally:
            self._is_over.set()


async def be_courteous(counts: Counts, pauses: Pauses) -> None:
    """Pause HTTP as needed, until cancelled."""
    threads = current_default_thread_limiter()
    threads.total_tokens = _WORKERS
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_WORKERS, thread_name_prefix="fakesmtp-http"))
    sys.setswitchinterval(_SWITCH)
    seen, looked, rush_ends = counts.accepted, time.monotonic(), 0.0
    while True:
        begin, used = time.monotonic(), time.thread_time()
        await asyncio.sleep(WORK if begin < rush_ends else _IDLE)
        now, accepted = time.monotonic(), counts.accepted
        # Since the last look: the pause is a part of it, in which nothing delays messages.
        if accepted - seen > _MANY * (now - looked):
            rush_ends = now + _RUSH
        seen, looked = accepted, now
        passed = now - begin
        worked = passed if threads.borrowed_tokens else time.thread_time() - used
        if now < rush_ends and worked > _BUSY * passed:
            pauses.make(min(_REST * worked, _LONGEST))
