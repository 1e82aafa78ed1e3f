"""The acceptor: takes the connections that clients make, and begins each one's session at once.

What a session begins with may change between two of them. So who changes it asks here that each
connection made before has begun: mostly there is none to wait for, which is found out without a
turn of the loop.
"""

from __future__ import annotations

import errno
import logging
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from threading import Event, RLock
from typing import TYPE_CHECKING

from fakesmtp.smtp.listeners import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

    from fakesmtp.smtp.loop import Loop

    Begin = Callable[[socket.socket, tuple[str, int]], object]

log = logging.getLogger("fakesmtp")
#: What `accept` fails with when the process or the system has no room for one more connection.
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
#: Seconds until it is tried again. Meanwhile the client waits in the queue.
_UNTIL_ROOM = 1.0


class Acceptor:
    """Accepts for all listening sockets of a server, and calls each one's `begin`.

    All of it happens in the loop's thread, but `after_accepting` may be called in any.
    """

    def __init__(
        self,
        loop: Loop,
        places: Iterable[tuple[socket.socket, Begin]],
    ) -> None:
        self._loop = loop
        self._readiness = loop.readiness
        self._places = tuple(places)
        # Held from accepting a connection until its session has begun.
        self._lock = RLock()
        self._queued = 0
        self._is_accepting = False
        self._selector = DefaultSelector()
        for bound, begin in self._places:
            self._selector.register(bound, EVENT_READ)
            self._watch(bound, begin)

    def close(self) -> None:
        """Accept no more, and close the listening sockets."""
        with self._lock:
            for bound, _ in self._places:
                self._readiness.remove_reader(bound.fileno())
                bound.close()
            self._selector.close()
            self._places = ()

    def _accept(self, bound: socket.socket, begin: Begin) -> bool:
        """Accept one connection; False when none is waiting."""
        with self._lock:
            try:
                accepted, peer = bound.accept()
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._wait_for_room(bound, begin, error)
                return False
            begin(accepted, peer)
            return True

    def _wait_for_room(self, bound: socket.socket, begin: Begin, error: OSError) -> None:
        log.error("no connection can be accepted for a second: %s", error.strerror)
        self._readiness.remove_reader(bound.fileno())
        self._loop.call_later(_UNTIL_ROOM, self._accept_again, bound, begin)

    def _accept_again(self, bound: socket.socket, begin: Begin) -> None:
        if self._places:
            self._watch(bound, begin)

    def _watch(self, bound: socket.socket, begin: Begin) -> None:
        self._readiness.add_reader(bound.fileno(), partial(self._accept, bound, begin))

    # -- in between ----------------------------------------------------------------------------

    def after_accepting(self, action: Callable[[], None], *, wait: bool) -> None:
        """Act when every connection that clients have made so far has begun its session.

        Without `wait` it may be soon after, but before the action of any later call. In the loop's
        own thread, where a callback may call it, nothing is waited for.
        """
        is_loops = self._loop.is_this_thread()
        with self._lock:
            if is_loops and not (self._queued or self._is_accepting):
                self._accept_waiting()
            if not self._queued and not (self._places and self._selector.select(0)):
                action()
                return
            self._queued += 1
            done = Event()
            self._loop.call_from_thread(self._accept_all, action, done)
        if wait and not is_loops:
            done.wait()

    def _accept_all(self, action: Callable[[], None], done: Event) -> None:
        try:
            with self._lock:
                self._accept_waiting()
                self._queued -= 1
                action()
        finally:
            done.set()

    def _accept_waiting(self) -> None:
        # A session that begins may end at once, and a callback of its end ask for this again.
        self._is_accepting = True
        for bound, begin in self._places:
            # No more than can have been waiting: others may come all the while.
            for _ in range(BACKLOG):
                if not self._accept(bound, begin):
                    break
        self._is_accepting = False
