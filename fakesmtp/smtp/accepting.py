"""The acceptor: accepts each connection together with the terms of that moment.

The terms of a session may change between two connections. So the loop's own server does not accept
them: `after_accepting` first accepts the waiting clients, in any thread, with the terms from before
the change. It waits for the loop only if clients were waiting.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from selectors import EVENT_READ, DefaultSelector
from threading import Lock
from typing import TYPE_CHECKING, cast

from fakesmtp.smtp.late_clients import ignore_new_clients
from fakesmtp.smtp.listeners import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Mapping

    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.services import Terms

    Accepted = tuple[socket.socket, tuple[str, int], Listener, Terms]
    Begin = Callable[[socket.socket, tuple[str, int], Listener, Terms], Coroutine[None, None, None]]

log = logging.getLogger("fakesmtp")
#: Errors of `accept` when the process or the system has no resources for one more connection.
_NO_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
#: Seconds until the next try. Meanwhile clients wait in the queue.
_RETRY_AFTER = 1.0


class Acceptor:
    """Accepts connections on all listening sockets, and begins each session in the loop.

    `terms` returns the terms of a session that is accepted now; `begin` begins the session.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        places: Mapping[socket.socket, Listener],
        terms: Callable[[], Terms],
        begin: Begin,
    ) -> None:
        """Accept connections as soon as the loop runs. The loop must not run yet."""
        self._loop = loop
        self._places = dict(places)
        self._terms = terms
        self._begin = begin
        # Held from reading the terms until the accepted connection has them.
        self._lock = Lock()
        self._accepted = self._begun = 0
        self._beginning: set[asyncio.Task[None]] = set()
        # Tells any thread whether clients are waiting.
        self._selector = DefaultSelector()
        for bound in self._places:
            self._selector.register(bound, EVENT_READ)
            loop.add_reader(bound, self._accept_one, bound)

    def close(self) -> None:
        """Stop accepting, and close the listening sockets. Idempotent."""
        with self._lock:
            self._close()

    def drain(self) -> None:
        """Accept the clients that are waiting, then close the listening sockets. In the loop."""
        for bound in self._places:
            ignore_new_clients(bound)
        self.after_accepting(self._close, wait=False, in_loop=True)

    def _close(self) -> None:
        for bound in self._places:
            self._loop.remove_reader(bound)
            bound.close()
        self._selector.close()
        self._places.clear()

    def after_accepting(
        self, action: Callable[[], None], *, wait: bool, in_loop: bool = False
    ) -> None:
        """Accept every connection that clients have made so far, then call `action`.

        With `wait`, return when each of their sessions has begun. Thread-safe. In the loop's own
        thread (`in_loop`, from a callback) it never waits.
        """
        with self._lock:
            for accepted in self._accept_waiting():
                if in_loop:
                    self._begin_one(accepted)
                else:
                    self._loop.call_soon_threadsafe(self._begin_one, accepted)
            action()
            have_begun = self._begun == self._accepted
        if wait and not (have_begun or in_loop):
            asyncio.run_coroutine_threadsafe(self.wait_until_begun(), self._loop).result()

    async def wait_until_begun(self) -> None:
        """Wait until the session of every accepted connection has begun: some loop iterations."""
        accepted = self._accepted
        while self._begun < accepted:  # noqa: ASYNC110 - asyncio's events are not thread-safe
            await asyncio.sleep(0)

    def _accept_waiting(self) -> list[Accepted]:
        found: list[Accepted] = []
        for key, _ in self._selector.select(0) if self._places else ():
            # At most as many as the queue holds, because new clients may connect all the time.
            for _ in range(BACKLOG):
                accepted = self._accept(cast("socket.socket", key.fileobj))
                if accepted is None:
                    break
                found.append(accepted)
        return found

    def _accept_one(self, bound: socket.socket) -> None:
        with self._lock:
            accepted = self._accept(bound) if bound in self._places else None
        if accepted is not None:
            self._begin_one(accepted)

    def _accept(self, bound: socket.socket) -> Accepted | None:
        """Accept one connection; None when none is waiting."""
        try:
            accepted, peer = bound.accept()
        except OSError as error:
            if error.errno in _NO_RESOURCES:
                log.error("cannot accept connections for one second: %s", error.strerror)  # noqa: TRY400 - no bug
                self._loop.call_soon_threadsafe(self._pause_accepting, bound)
            return None
        accepted.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self._accepted += 1
        return accepted, peer, self._places[bound], self._terms()

    def _pause_accepting(self, bound: socket.socket) -> None:
        if bound in self._places:
            self._loop.remove_reader(bound)
            self._loop.call_later(_RETRY_AFTER, self._accept_again, bound)

    def _accept_again(self, bound: socket.socket) -> None:
        if bound in self._places:
            self._loop.add_reader(bound, self._accept_one, bound)

    def _begin_one(self, accepted: Accepted) -> None:
        task = self._loop.create_task(self._begin(*accepted))
        self._beginning.add(task)
        task.add_done_callback(self._has_begun)

    def _has_begun(self, task: asyncio.Task[None]) -> None:
        self._beginning.discard(task)
        self._begun += 1
