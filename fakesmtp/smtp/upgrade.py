"""The change to TLS (RFC 3207), which aiosmtpd makes, by asyncio: of both the room's only import.

Loaded by the first client that wants TLS: a server that is spoken to in clear starts without.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP, TLSSetupException

from fakesmtp.smtp.tls_transport import TlsTransport, Tunnel

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.loop import Loop, Timer
    from fakesmtp.smtp.transport import SocketTransport

log = logging.getLogger("fakesmtp")


class Upgrade(SMTP):
    """One connection's upgrade: aiosmtpd's STARTTLS, with the private parts of asyncio it needs.

    Of aiosmtpd's own words none is sent: the dialogue's reply to STARTTLS went before. Nothing was
    read since, and now the transport changes its receiver: so what the client sends in clear behind
    that reply never reaches the dialogue.
    """

    def __init__(
        self, connection: Connection, transport: SocketTransport, context: ssl.SSLContext
    ) -> None:
        # Not SMTP.__init__: it scans the class by reflection and makes a reader of streams.
        self.loop = cast("asyncio.AbstractEventLoop", LoopForAsyncio(connection.loop))
        self.transport = cast("asyncio.BaseTransport", transport)
        self._tunnel = Tunnel(context)
        self.tls_context = cast("ssl.SSLContext", self._tunnel)
        self._connection = connection
        self._outside = transport
        self._steps = self.smtp_STARTTLS("")
        self._step()

    def _step(self, _handshake: object = None) -> None:
        """Run aiosmtpd's coroutine to its only wait, for the handshake, and then to its end.

        Not as a task: one would begin in the loop's next turn, and cost 1 % of a session.
        """
        try:
            self._handshake: asyncio.Future[None] = self._steps.send(None)
        except (StopIteration, asyncio.CancelledError):
            return
        except TLSSetupException as error:
            # asyncio does not tell a protocol of a connection lost before TLS was on.
            self._connection.tls_failed(str(error.__cause__))
        else:
            self._handshake.add_done_callback(self._step)

    async def push(self, status: object) -> None:
        """Send nothing where aiosmtpd would send a go-ahead of its own."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go on inside TLS on a transport of our own; asyncio calls it behind the handshake."""
        del transport
        self._outside.acknowledge()
        inside = TlsTransport(self._outside, self._tunnel, self._connection, self._end)
        self._connection.tls_started(inside, self._tunnel.tls)

    def data_received(self, data: bytes) -> None:
        """Take what came with the end of the handshake, which asyncio has read."""
        if not self._outside.is_closing():
            self._connection.data_received(data)

    def eof_received(self) -> bool:
        """Leave it to asyncio to close: the client has ended with the handshake."""
        return False

    def pause_writing(self) -> None:
        """Go on: a handshake is short. Only asyncio of Python 3.10 passes this on."""

    def resume_writing(self) -> None:
        """Go on."""

    def connection_lost(self, error: Exception | None) -> None:
        """Know it already: see `_let_go`."""

    def _end(self) -> None:
        # In a turn of its own: the end may come while asyncio is still at it.
        self._connection.loop.call_soon(self._let_go)

    def _let_go(self) -> None:
        """Tell asyncio that it is over, so that it keeps nothing and warns of nothing.

        Not before the end: asyncio has a buffer of 256 KiB for each handshake. Freed in the middle,
        its pages go to and fro between the C library and the system, for 100 us of each session.
        """
        cast("Any", self._tls_protocol).connection_lost(None)
        cast("Any", self.transport).close()  # in Python 3.10 the line above leaves it open

    def cancel(self) -> None:
        """Give a handshake up."""
        self._handshake.cancel()


class LoopForAsyncio:
    """Our loop, as far as asyncio's `SSLProtocol` and the future of its handshake use one."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def get_debug(self) -> bool:
        """Say that nothing more is to be checked."""
        return False

    def create_future(self) -> asyncio.Future[None]:
        """Make a future whose callbacks this loop calls."""
        return asyncio.Future(loop=cast("asyncio.AbstractEventLoop", self))

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: object = None
    ) -> None:
        """Call in the next turn; there are no context variables to call in."""
        del context
        self._loop.call_soon(callback, *args)

    def call_later(self, seconds: float, callback: Callable[..., object], *args: object) -> Timer:
        """Call in so many seconds."""
        return self._loop.call_later(seconds, callback, *args)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Log what went wrong in asyncio."""
        log.error("%s", context["message"], exc_info=context.get("exception"))
