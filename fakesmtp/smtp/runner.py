"""The running server: a loop thread, its listeners and connections, started and stopped as one."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.smtp.accepting import Acceptor
from fakesmtp.smtp.connection import Connection
from fakesmtp.smtp.listeners import REAL_PORTS, Listener, bind
from fakesmtp.smtp.readiness import make_readiness
from fakesmtp.smtp.thread import LoopThread
from fakesmtp.smtp.transport import SocketTransport

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from fakesmtp.smtp.services import Services

log = logging.getLogger("fakesmtp")
#: How often the loop turns at most until every dropped connection has said goodbye.
_TURNS_TO_CLOSE = 100


class Runner:
    """One run of the server, from bound sockets to the last closed connection."""

    def __init__(
        self,
        hosts: Sequence[str],
        ports: Mapping[int, int],
        make_services: Callable[[asyncio.AbstractEventLoop], Services],
    ) -> None:
        """Bind and listen; raises what `bind` raises, and leaves nothing open then."""
        with ExitStack() as on_failure:
            bound: list[tuple[socket.socket, Listener]] = []
            for real_port, wanted in ports.items():
                sockets = bind(hosts, wanted)
                for one in sockets:
                    on_failure.callback(one.close)
                local_port: int = sockets[0].getsockname()[1]
                listener = Listener(real_port, local_port, REAL_PORTS[real_port])
                bound += ((one, listener) for one in sockets)
            on_failure.pop_all()
        self.listeners = tuple(dict.fromkeys(listener for _, listener in bound))
        self._thread = LoopThread()
        self._services = make_services(self._thread.loop)
        self._acceptor = self._thread.call(self._open(bound))
        self.after_accepting = self._acceptor.after_accepting

    async def _open(self, bound: Sequence[tuple[socket.socket, Listener]]) -> Acceptor:
        loop = self._thread.loop
        self._readiness = make_readiness(loop)
        places = [(one, partial(self._begin, listener)) for one, listener in bound]
        return Acceptor(loop, self._readiness, places)

    def _begin(self, listener: Listener, accepted: socket.socket, peer: tuple[str, int]) -> None:
        services = self._services
        try:
            connection = Connection(services, listener)
            SocketTransport(services.loop, self._readiness, accepted, peer, connection)
        except Exception as error:
            log.exception("a bug in fakesmtp: a connection could not begin")
            services.failed(error)
            accepted.close()

    def stop(self) -> None:
        """Close the listeners, drop every connection, end the thread."""
        self._thread.call(self._close())
        self._thread.stop()

    async def _close(self) -> None:
        self._acceptor.close()
        # A connection that is dropped says so in the next turn of the loop.
        for _ in range(_TURNS_TO_CLOSE):
            connections = list(self._services.connections)
            for connection in connections:
                connection.stop()
            await asyncio.sleep(0)
            if not connections and len(asyncio.all_tasks()) == 1:
                break
        await asyncio.sleep(0)
        self._readiness.close()
