"""The running server: a loop thread, its listeners and connections, started and stopped as one."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.smtp.accepting import Acceptor
from fakesmtp.smtp.connection import Connection
from fakesmtp.smtp.listeners import REAL_PORTS, Listener, bind
from fakesmtp.smtp.loop import Loop

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    from fakesmtp.smtp.services import Services

log = logging.getLogger("fakesmtp")


class Runner:
    """One run of the server, from bound sockets to the last closed connection."""

    def __init__(
        self,
        hosts: Sequence[str],
        ports: Mapping[int, int],
        make_services: Callable[[Loop], Services],
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
            self._loop = Loop()
            on_failure.callback(self._loop.close)
            self._services = make_services(self._loop)
            places = [(one, partial(self._begin, listener)) for one, listener in bound]
            self._acceptor = Acceptor(self._loop, places)
            on_failure.callback(self._acceptor.close)
            self._loop.start()
            on_failure.pop_all()
        self.listeners = tuple(dict.fromkeys(listener for _, listener in bound))
        self.after_accepting = self._acceptor.after_accepting

    def _begin(self, listener: Listener, accepted: socket.socket, peer: tuple[str, int]) -> None:
        services = self._services
        try:
            Connection(services, listener, accepted, peer)
        except BaseException as error:
            log.exception("a bug in fakesmtp: a connection could not begin")
            services.failed(error)
            accepted.close()

    def stop(self) -> None:
        """Close the listeners, drop every connection, end the thread."""
        self._loop.call_from_thread(self._close)
        self._loop.join()

    def _close(self) -> None:
        try:
            self._acceptor.close()
            for connection in list(self._services.connections):
                connection.stop()
        finally:
            self._loop.stop()
