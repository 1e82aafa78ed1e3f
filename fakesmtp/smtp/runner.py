"""The running server: a loop in a thread, with its listeners and connections."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from fakesmtp.clock import monotonic
from fakesmtp.protocol.nhn import ENDPOINT_PORTS
from fakesmtp.smtp.accepting import Acceptor
from fakesmtp.smtp.connection import Connection
from fakesmtp.smtp.listeners import Listener, bind, find_addresses
from fakesmtp.smtp.patches import check_patches

if TYPE_CHECKING:
    import socket
    from asyncio import BaseProtocol
    from collections.abc import Callable, Mapping, Sequence

    from fakesmtp.smtp.services import Services, Terms

    LoopFactory = Callable[[], asyncio.AbstractEventLoop]

log = logging.getLogger("fakesmtp")
#: Seconds that connections have to send unsent bytes when the server stops.
_LAST_WORDS = 1.0
#: Seconds without a line after which a client outside a transaction is idle, while draining.
QUIET = 1.0
#: Seconds between two looks at the connections, while draining.
_LOOK = 0.05


class Runner:
    """One run of the server, from bound sockets to the last closed connection.

    `loop_factory` returns a new loop; None means asyncio's `SelectorEventLoop`.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        ports: Mapping[int, int],
        make_services: Callable[[asyncio.AbstractEventLoop], Services],
        loop_factory: LoopFactory | None,
        *,
        reuse_port: bool = False,
    ) -> None:
        """Bind and listen; see `bind` for `reuse_port`.

        On an error of `check_patches` or `bind`, leave nothing open.
        """
        check_patches()
        with ExitStack() as on_failure:
            places = _listen(hosts, ports, on_failure, reuse=reuse_port)
            # Not the default of Windows: the proactor loop has no `add_reader`.
            self._loop = (loop_factory or asyncio.SelectorEventLoop)()
            on_failure.callback(self._loop.close)
            # asyncio's loop uses `time.monotonic`, which a test may freeze; uvloop uses the system.
            with suppress(AttributeError):
                self._loop.time = monotonic  # type: ignore[method-assign]
            self._loop.set_exception_handler(self._report)
            self._services = make_services(self._loop)
            self._acceptor = Acceptor(self._loop, places, self._services.terms, self._begin)
            on_failure.callback(self._acceptor.close)
            self._is_over = asyncio.Event()
            # Looked up now: gevent may have replaced the class since our import.
            self._thread = threading.Thread(target=self._run, name="fakesmtp", daemon=True)
            self._thread.start()
            on_failure.pop_all()
        self.listeners = tuple(dict.fromkeys(places.values()))

    def after_accepting(self, action: Callable[[], None], *, wait: bool) -> None:
        """See `Acceptor.after_accepting`."""
        self._acceptor.after_accepting(action, wait=wait, in_loop=self._is_this_thread())

    def drain(self, seconds: float, done: Callable[[], object]) -> None:
        """Accept nothing more, and let the clients finish; then, or after `seconds`, call `done`.

        `stop` ends it. Thread-safe.
        """
        draining = asyncio.run_coroutine_threadsafe(self._drain(seconds), self._loop)
        draining.add_done_callback(lambda _: done())

    def stop(self) -> None:
        """Close the listeners and all connections, and end the thread."""
        self._loop.call_soon_threadsafe(self._is_over.set)
        if not self._is_this_thread():
            self._thread.join()

    def _is_this_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        await self._is_over.wait()
        self._acceptor.close()
        await self._acceptor.wait_until_begun()
        connections = self._services.connections
        for connection in list(connections):
            connection.stop()
        deadline = self._loop.time() + _LAST_WORDS
        while connections and self._loop.time() < deadline:  # noqa: ASYNC110 - they are few
            await asyncio.sleep(0)
        for connection in list(connections):
            connection.abort()
            await asyncio.sleep(0)
        await _end_tasks()

    async def _drain(self, seconds: float) -> None:
        deadline = self._loop.time() + seconds
        self._acceptor.drain()
        await self._acceptor.wait_until_begun()
        connections = self._services.connections
        while connections and self._loop.time() < deadline:
            for connection in list(connections):
                connection.leave(QUIET)
            await asyncio.sleep(min(_LOOK, max(0.0, deadline - self._loop.time())))

    async def _begin(
        self, accepted: socket.socket, peer: tuple[str, int], listener: Listener, terms: Terms
    ) -> None:
        begin = partial(Connection, self._services, listener, terms, accepted)
        make: Callable[[], BaseProtocol] = partial(begin, peer)
        if self._services.proxies is not None:
            make = partial(_expect_header, self._services, listener, terms, peer, begin)
        try:
            await self._loop.connect_accepted_socket(make, accepted)
        except BaseException as error:
            log.exception("a bug in fakesmtp: a connection could not begin")
            self._services.failed(error)
            accepted.close()

    def _report(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log an error outside of a connection, and report it to the test."""
        error = context.get("exception")
        log.error("a bug in fakesmtp: %s", context["message"], exc_info=error)
        if error is not None:
            self._services.failed(error)


def _expect_header(
    services: Services,
    listener: Listener,
    terms: Terms,
    peer: tuple[str, int],
    begin: Callable[[tuple[str, int]], Connection],
) -> BaseProtocol:
    """Make the protocol that reads a load balancer's header first."""
    # Imported only when needed: few servers are behind a load balancer.
    from fakesmtp.smtp.proxied import ProxiedConnection  # noqa: PLC0415

    return ProxiedConnection(services, listener, terms, peer, begin)


async def _end_tasks() -> None:
    """Cancel the tasks that a handler's hooks left running, and give them time to clean up."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        if not task.cancelling():
            task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_LAST_WORDS)


def _listen(
    hosts: Sequence[str], ports: Mapping[int, int], on_failure: ExitStack, *, reuse: bool
) -> dict[socket.socket, Listener]:
    places: dict[socket.socket, Listener] = {}
    addresses = find_addresses(hosts)
    for port, wanted in ports.items():
        sockets = bind(addresses, wanted, reuse=reuse)
        for one in sockets:
            on_failure.callback(one.close)
        local_port: int = sockets[0].getsockname()[1]
        places |= dict.fromkeys(sockets, Listener(port, local_port, ENDPOINT_PORTS[port]))
    return places
