"""The running server: a loop thread, its listeners and connections, started and stopped as one."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING

from fakesmtp.smtp.connection import Connection
from fakesmtp.smtp.listeners import REAL_PORTS, Listener, bind
from fakesmtp.smtp.thread import LoopThread

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from fakesmtp.smtp.services import Services

#: How often the loop turns at most until every dropped connection has said goodbye.
_TURNS_TO_CLOSE = 100
#: Within how many turns asyncio makes a session of a connection: it looks at the listener, accepts,
#: makes the protocol, connects it; and one turn more, as it may just have looked.
_TURNS_TO_BEGIN = 5


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
            bound: list[tuple[Listener, list[socket.socket]]] = []
            for real_port, wanted in ports.items():
                sockets = bind(hosts, wanted)
                for one in sockets:
                    on_failure.callback(one.close)
                local_port: int = sockets[0].getsockname()[1]
                bound.append((Listener(real_port, local_port, REAL_PORTS[real_port]), sockets))
            on_failure.pop_all()
        self.listeners = tuple(listener for listener, _ in bound)
        self._thread = LoopThread()
        self._services = make_services(self._thread.loop)
        self._servers = self._thread.call(self._listen(bound))

    async def _listen(
        self, bound: Sequence[tuple[Listener, list[socket.socket]]]
    ) -> list[asyncio.Server]:
        loop = self._thread.loop
        return [
            await loop.create_server(self._factory(listener), sock=one)
            for listener, sockets in bound
            for one in sockets
        ]

    def _factory(self, listener: Listener) -> Callable[[], Connection]:
        return lambda: Connection(self._services, listener)

    def after_accepting(self, action: Callable[[], None], *, wait: bool) -> None:
        """Act when every connection that clients have made so far has begun its session.

        One that waits in the listener's queue becomes a session within a few turns of the loop.
        """
        loop, done = self._thread.loop, Lock()

        def turn(left: int) -> None:
            if left:
                loop.call_soon(turn, left - 1)
            else:
                action()
                done.release()

        done.acquire()
        loop.call_soon_threadsafe(turn, _TURNS_TO_BEGIN)
        if wait:
            done.acquire()

    def stop(self) -> None:
        """Close the listeners, drop every connection, end the thread."""
        self._thread.call(self._close())
        self._thread.stop()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        # A connection that was just accepted becomes one in the next turn of the loop.
        for _ in range(_TURNS_TO_CLOSE):
            connections = list(self._services.connections)
            for connection in connections:
                connection.stop()
            await asyncio.sleep(0)
            if not connections and len(asyncio.all_tasks()) == 1:
                break
        await asyncio.sleep(0)
