"""The server's loop: a thread that calls back when sockets are ready, and when time has come.

asyncio's does so, too, and much more: to load it takes as long as all the rest of a start, and of
each mail it takes a tenth (benchmarks/README.md).
"""

from __future__ import annotations

import logging
import socket
from collections import deque
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count
from threading import Thread, get_ident
from time import monotonic
from typing import TYPE_CHECKING

from fakesmtp.smtp.readiness import make_readiness

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.smtp.readiness import Readiness

log = logging.getLogger("fakesmtp")
_WAKE = b"\0"
_WAKES_AT_ONCE = 4096
#: Seconds, the most of one wait: the system takes no more than some weeks.
_LONGEST_WAIT = 3600.0


class Timer:
    """A call that is to come; `callback` is None when it is cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Never call."""
        self.callback = None


class Loop:
    """Sockets, timers and calls from other threads, one after the other in a thread of its own.

    What is called back should let no exception out; one that comes is logged, and the loop goes on.
    """

    def __init__(self, make: Callable[[], Readiness] = make_readiness) -> None:
        #: Which sockets are watched. Once the loop has begun, for its own thread alone.
        self.readiness = make()
        self._calls: deque[Callable[[], object]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = count()
        self._is_stopped = False
        self._ear, self._waker = socket.socketpair()
        for end in (self._ear, self._waker):
            end.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self.readiness.add_reader(self._ear.fileno(), self._wake_up)
        self._thread = Thread(target=self._run, name="fakesmtp", daemon=True)

    # -- for any thread ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Let go of the system's objects; of a loop that did not begin."""
        self.readiness.close()
        self._ear.close()
        self._waker.close()

    def is_this_thread(self) -> bool:
        """Whether who asks is in the loop's own thread."""
        return get_ident() == self._thread.ident

    def call_from_thread(self, callback: Callable[..., object], *args: object) -> None:
        """Call in the next turn, after all that was asked for before."""
        self.call_soon(callback, *args)
        # Full, it wakes the loop anyway; closed, there is none to wake.
        with suppress(OSError):
            self._waker.send(_WAKE)

    def join(self) -> None:
        """Wait until it has ended; in its own thread, which cannot wait for itself, not at all."""
        if not self.is_this_thread():
            self._thread.join()

    # -- for the loop's own thread -------------------------------------------------------------

    def call_soon(self, callback: Callable[..., object], *args: object) -> None:
        """Call in the next turn."""
        self._calls.append(partial(callback, *args))

    def call_later(self, seconds: float, callback: Callable[..., object], *args: object) -> Timer:
        """Call in so many seconds."""
        timer = Timer(partial(callback, *args))
        heappush(self._timers, (monotonic() + seconds, next(self._numbers), timer))
        return timer

    def stop(self) -> None:
        """End, when all has been called that was to be called soon."""
        self._is_stopped = True

    def _run(self) -> None:
        while self._calls or not self._is_stopped:
            self._turn()
        self.close()

    def _turn(self) -> None:
        try:
            self.readiness.call(self._call_due())
        except BaseException:
            # Also what ends a process or a test elsewhere: here it would leave the ports open.
            log.exception("a bug in fakesmtp: something that its loop called failed")

    def _call_due(self) -> float | None:
        """Call what is due; give the seconds until the next turn, None for as long as it takes."""
        # Those only that are here by now: they may bring others.
        for _ in range(len(self._calls)):
            self._calls.popleft()()
        timers = self._timers
        now = monotonic()
        while timers and (timers[0][0] <= now or timers[0][2].callback is None):
            callback = heappop(timers)[2].callback
            if callback is not None:
                callback()
        if self._calls or self._is_stopped:
            return 0
        return min(timers[0][0] - now, _LONGEST_WAIT) if timers else None

    def _wake_up(self) -> None:
        self._ear.recv(_WAKES_AT_ONCE)
