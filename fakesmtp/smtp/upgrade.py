"""The change to TLS (RFC 3207), which aiosmtpd makes. The only import of aiosmtpd.

Loaded by the first client that wants TLS: a server that is spoken to in clear starts without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP, TLSSetupException

if TYPE_CHECKING:
    import asyncio
    import ssl

    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.transport import SocketTransport

#: Bytes of one read inside TLS, which are those of a record (RFC 8446 §5.1). For asyncio's 256 KiB
#: the C library would ask the system for memory each time.
_READ_SIZE = 16 * 1024


class Upgrade(SMTP):
    """One connection's upgrade: aiosmtpd's STARTTLS, with the private parts of asyncio it needs.

    Of aiosmtpd's own words none is sent: `push` sends `go_ahead`, the dialogue's reply to STARTTLS,
    in the place of the only one (nothing where TLS comes first). The transport changes its protocol
    in the same step, so what the client sends in clear behind that never reaches the dialogue.
    """

    def __init__(
        self,
        connection: Connection,
        transport: SocketTransport,
        context: ssl.SSLContext,
        go_ahead: bytes,
    ) -> None:
        # Not SMTP.__init__: it scans the class by reflection and makes a reader of streams.
        self.loop = connection.loop
        self.transport = transport
        self.tls_context = context
        self._connection = connection
        self._outside = transport
        self._go_ahead = go_ahead
        self._steps = self.smtp_STARTTLS("")
        self._step()

    def _step(self, _handshake: object = None) -> None:
        """Run aiosmtpd's coroutine to its only wait, for the handshake, and then to its end.

        Not as a task: one would begin in the loop's next turn, and cost 1 % of a session.
        """
        try:
            handshake: asyncio.Future[None] = self._steps.send(None)
        except (StopIteration, ConnectionAbortedError):
            return
        except TLSSetupException as error:
            # asyncio does not tell a protocol of a connection lost before TLS was on.
            self._connection.tls_failed(str(error.__cause__))
        else:
            handshake.add_done_callback(self._step)

    async def push(self, status: object) -> None:
        """Send the go-ahead where aiosmtpd would send a text of its own.

        Raises `ConnectionAbortedError` when the client is gone, and has been told of: there would
        be nobody to shake hands with.
        """
        del status
        if self._go_ahead:
            self._outside.write(self._go_ahead)
        if self._outside.is_closing():
            raise ConnectionAbortedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection what is inside TLS; asyncio calls this when the handshake is done."""
        cast("Any", self._tls_protocol).max_size = _READ_SIZE
        self._outside.acknowledge()
        inside = cast("asyncio.Transport", transport)
        inside.set_protocol(self._connection)
        self._connection.tls_started(inside)

    def cancel(self) -> None:
        """Give a handshake up."""
        self._steps.close()
