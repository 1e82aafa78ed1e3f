"""Leaves the processor to SMTP while messages arrive.

All threads of a process share one interpreter, which treats them alike: beside thirty busy requests
SMTP would get a thirtieth of the time. So HTTP has few threads, and while messages arrive it works
for an eighth of the time and pauses for the rest.
"""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from anyio.to_thread import current_default_thread_limiter

if TYPE_CHECKING:
    from fakesmtp.counts import Counts

#: Seconds of work before a pause, and how much longer than the work the pause is.
WORK, _REST = 0.02, 7
#: The longest pause (seconds), after work that took longer.
_LONGEST = 0.2
#: Seconds to the next look when no message came before the last one.
_IDLE = 0.25
#: Messages per second from which on HTTP pauses.
_MANY = 100
#: The part of its time that HTTP's loop is busy when it has something to do.
_BUSY = 0.05
#: Threads that work for requests at the same time.
_WORKERS = 4
#: Seconds after which the interpreter changes threads if another one waits; by default 0.005.
_SWITCH = 0.0005


async def be_courteous(counts: Counts) -> None:
    """Pause HTTP as needed, until cancelled."""
    current_default_thread_limiter().total_tokens = _WORKERS
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_WORKERS, thread_name_prefix="fakesmtp-http"))
    sys.setswitchinterval(_SWITCH)
    turn = WORK
    while True:
        begin, accepted, used = time.monotonic(), counts.accepted, time.thread_time()
        await asyncio.sleep(turn)
        passed = time.monotonic() - begin
        arrived = counts.accepted - accepted
        turn = WORK if arrived else _IDLE
        if arrived > _MANY * passed and time.thread_time() - used > _BUSY * passed:
            # This stops the loop, as it is meant to.
            time.sleep(min(_REST * passed, _LONGEST))  # noqa: ASYNC251
