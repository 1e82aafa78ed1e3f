"""A connection through a load balancer, until its PROXY protocol header has been read.

The header comes before TLS and before the greeting. After it, the connection of the client that it
names takes over the transport, and does not know about the load balancer.
"""

from __future__ import annotations

from asyncio import Protocol
from typing import TYPE_CHECKING, cast

from fakesmtp.clock import monotonic
from fakesmtp.protocol.proxy_header import ProxyHeaderError, read_proxy_header
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.smtp.services import show_address

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from fakesmtp.protocol.proxies import TrustedProxies
    from fakesmtp.protocol.proxy_header import ProxyHeader
    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.services import Services, Terms

#: Seconds for the whole header. A load balancer sends it at once; PP §2 asks for at least 3.
LONGEST_WAIT = 10.0
WHAT_IS_RIGHT = (
    "the load balancer must send one (HAProxy: send-proxy or send-proxy-v2), and clients that "
    "connect directly need a server without the PROXY protocol"
)


class ProxiedConnection(Protocol):
    """Reads the header; `begin` makes the connection of the client at the address it receives.

    Without a valid header in time, or from a host that is not trusted, the connection is closed and
    recorded as a session that ended with `ClosedBy.PROXY`.
    """

    def __init__(
        self,
        services: Services,
        listener: Listener,
        terms: Terms,
        address: tuple[str, int],
        begin: Callable[[tuple[str, int]], Connection],
    ) -> None:
        """Expect the header of the load balancer that connected from `address`."""
        self.transport: asyncio.BaseTransport | None = None
        self.faults = terms.faults
        self._began = monotonic()
        self.idle_at = self._began + min(LONGEST_WAIT, terms.policy.idle_timeout)
        self._services, self._listener, self._terms = services, listener, terms
        self._address = address
        self._begin = begin
        self._data = b""
        self._is_over = False

    # -- callbacks of asyncio ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the header, or close the connection of a host that is not trusted."""
        self.transport = transport
        self._services.connections.add(self)
        self._services.idle.watch(self)
        trusted = cast("TrustedProxies", self._services.proxies)
        if not trusted.trust(self._address[0]):
            networks = ", ".join(map(str, trusted.networks))
            self._refuse(f"{self._address[0]} is not a trusted load balancer ({networks})")

    def data_received(self, data: bytes) -> None:
        """Add bytes of the header; begin the client's session when it is complete."""
        if self._is_over:
            return
        self._data += data
        try:
            header = read_proxy_header(self._data)
        except ProxyHeaderError as error:
            self._refuse(f"the header is not valid: {error}; {WHAT_IS_RIGHT}")
        else:
            if header is not None:
                self._hand_over(header, self._data[header.size :])

    def connection_lost(self, error: Exception | None) -> None:
        """End the session, if the load balancer closed the connection."""
        closed_by = ClosedBy.RESET if isinstance(error, ConnectionError) else ClosedBy.CLIENT
        self._end(closed_by, f"before a PROXY protocol header, after {len(self._data)} bytes of it")
        self.transport = None

    # -- as a connection of the server -------------------------------------------------------------

    def leave(self, quiet: float) -> None:
        """Close while the server drains, unless it connected in the last `quiet` seconds."""
        if self._began + quiet <= monotonic():
            self.stop()

    def close_idle(self) -> None:
        """Close the connection, because the header did not come in time."""
        self._refuse(f"no header came in time, only {len(self._data)} bytes; {WHAT_IS_RIGHT}")

    def stop(self) -> None:
        """Close the connection, because the server stops."""
        self._end(ClosedBy.STOP)
        self._close()

    def abort(self) -> None:
        """Close at once."""
        self._close()

    # ----------------------------------------------------------------------------------------------

    def _hand_over(self, header: ProxyHeader, rest: bytes) -> None:
        """Begin the session of the client, with the bytes after the header."""
        self._is_over = True
        self._services.connections.discard(self)
        connection = self._begin(header.client or self._address)
        connection.recorder.record_proxy(
            show_address(self._address), header.version, names_client=header.client is not None
        )
        transport = cast("asyncio.Transport", self.transport)
        transport.set_protocol(connection)
        connection.connection_made(transport)
        if rest:
            connection.data_received(rest)

    def _refuse(self, why: str) -> None:
        self._end(ClosedBy.PROXY, why)
        self._close()

    def _end(self, closed_by: ClosedBy, detail: str = "") -> None:
        """Record the connection as a session without events, once."""
        self._services.connections.discard(self)
        if not self._is_over:
            self._is_over = True
            recorder = self._services.begin_session(self._listener, self._terms, self._address)
            recorder.record_end(closed_by, detail)
            self._services.ended(recorder.session)

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()
