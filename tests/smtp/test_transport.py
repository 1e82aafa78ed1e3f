"""The transport sends all it was given, reads when it may, and ends once."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from fakesmtp.smtp.readiness import LoopReadiness, make_readiness
from fakesmtp.smtp.transport import SocketTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

MUCH = b"0123456789abcdef" * 65_536


class Peer(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note it."""
        del transport
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        """Note it."""
        self.told.append(data)

    def pause_writing(self) -> None:
        """Note it."""
        self.told.append("pause")

    def resume_writing(self) -> None:
        """Note it."""
        self.told.append("resume")

    def connection_lost(self, error: Exception | None) -> None:
        """Note it."""
        self.told.append(error)
        self.lost.set()


class Ends:
    """A transport with its protocol, and the client's end of the connection."""

    def __init__(self, readiness: type) -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname())
            accepted, peer = listening.accept()
        self.client.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self.protocol = Peer()
        self.readiness = readiness(loop)
        self.transport = SocketTransport(loop, self.readiness, accepted, peer, self.protocol)

    async def read(self) -> bytes:
        """Read on the client's end until its end."""
        loop, read = asyncio.get_running_loop(), b""
        while chunk := await loop.sock_recv(self.client, 65536):
            read += chunk
        return read

    async def lost(self) -> list[object]:
        """Wait for the end, and give what the protocol was told."""
        await asyncio.wait_for(self.protocol.lost.wait(), 20)
        await asyncio.sleep(0)
        return self.protocol.told


@pytest.fixture(params=[make_readiness, LoopReadiness], ids=["best", "loop"])
def readiness(request: pytest.FixtureRequest) -> Iterator[type]:
    """Each way to know what can be read."""
    return request.param


def test_what_is_unsent_at_the_close_is_sent(readiness: type) -> None:
    """A client that reads late gets all of it, and the protocol was asked to pause meanwhile."""

    async def run() -> None:
        ends = Ends(readiness)
        while "pause" not in ends.protocol.told:
            ends.transport.write(MUCH)
        ends.transport.close()
        ends.transport.write(b"too late")
        assert ends.transport.is_closing()
        read = await ends.read()
        assert read == MUCH * (len(read) // len(MUCH))
        assert await ends.lost() == ["made", "pause", "resume", None]
        ends.client.close()
        ends.readiness.close()

    asyncio.run(run())


def test_a_pause_leaves_bytes_with_the_system(readiness: type) -> None:
    """Nothing is read while reading is paused, and all of it afterwards."""

    async def run() -> None:
        ends = Ends(readiness)
        ends.transport.pause_reading()
        ends.transport.pause_reading()
        ends.client.send(b"hello")
        for _ in range(10):
            await asyncio.sleep(0)
        assert ends.protocol.told == ["made"]
        ends.transport.resume_reading()
        assert ends.transport.is_reading()
        ends.client.close()
        assert await ends.lost() == ["made", b"hello", None]
        ends.readiness.close()

    asyncio.run(run())


def test_a_reset_is_told_as_an_error(readiness: type) -> None:
    """A connection that the client resets is lost with the system's error, once."""

    async def run() -> None:
        ends = Ends(readiness)
        ends.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        ends.client.close()
        told = await ends.lost()
        ends.transport.abort()
        ends.transport.write(b"too late")
        await asyncio.sleep(0)
        assert isinstance(told[-1], ConnectionResetError)
        assert len(told) == 2
        ends.readiness.close()

    asyncio.run(run())


def test_writing_to_a_client_that_is_gone_ends_it(readiness: type) -> None:
    """A write that fails loses the connection, with its error; what was unsent is dropped."""

    async def run() -> None:
        ends = Ends(readiness)
        ends.transport.pause_reading()
        while "pause" not in ends.protocol.told:
            ends.transport.write(MUCH)
        ends.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        ends.client.close()
        told = await ends.lost()
        assert told[:2] == ["made", "pause"]
        assert isinstance(told[-1], OSError)
        ends.readiness.close()

    asyncio.run(run())
