"""The transport sends all it was given, reads when it may, and ends once."""

from __future__ import annotations

import socket
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import pytest
from raw_client import PATIENCE

from fakesmtp.smtp.loop import Loop
from fakesmtp.smtp.readiness import SelectorReadiness, make_readiness
from fakesmtp.smtp.transport import SocketTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.smtp.readiness import Readiness

_T = TypeVar("_T")
MUCH = b"0123456789abcdef" * 65_536
RESET = b"\1\0\0\0\0\0\0\0"  # on, and no time to send what is left


class Receiver:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.lost = Event()

    def data_received(self, data: bytes) -> None:
        """Note it."""
        self.told.append(data)

    def eof_received(self) -> bool:
        """Note it."""
        self.told.append("end")
        return False

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
    """A transport with its receiver, and the client's end of the connection."""

    def __init__(self, loop: Loop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname(), PATIENCE)
            accepted, _ = listening.accept()
        self.loop = loop
        self.receiver = Receiver()
        self.transport = SocketTransport(loop, accepted, self.receiver)
        self.do(self.transport.resume_reading)

    def do(self, action: Callable[[], _T]) -> _T:
        """Act in the loop's thread."""
        done: SimpleQueue[_T] = SimpleQueue()
        self.loop.call_from_thread(lambda: done.put(action()))
        return done.get(timeout=PATIENCE)

    def write_until_paused(self) -> None:
        """Write more than the system takes."""
        while "pause" not in self.receiver.told:
            self.transport.write(MUCH)

    def read(self) -> bytes:
        """Read on the client's end until its end."""
        read = b""
        while chunk := self.client.recv(65536):
            read += chunk
        return read

    def lost(self) -> list[object]:
        """Wait for the end, and give what the receiver was told."""
        assert self.receiver.lost.wait(PATIENCE)
        return self.do(self.receiver.told.copy)


@pytest.fixture(params=[make_readiness, SelectorReadiness], ids=["best", "selectors"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    """A connection, on each way to know what is ready."""
    make: Callable[[], Readiness] = request.param
    loop = Loop(make)
    loop.start()
    made = Ends(loop)
    yield made
    made.client.close()
    loop.call_from_thread(made.transport.abort)
    loop.call_from_thread(loop.stop)
    loop.join()


def test_what_is_unsent_at_the_close_is_sent(ends: Ends) -> None:
    """A client that reads late gets all of it, and the receiver was asked to pause meanwhile."""

    def write() -> None:
        ends.write_until_paused()
        ends.transport.close()
        ends.transport.write(b"too late")
        assert ends.transport.is_closing()

    ends.do(write)
    read = ends.read()
    assert read == MUCH * (len(read) // len(MUCH))
    assert ends.lost() == ["pause", "resume", None]


def test_a_pause_leaves_bytes_with_the_system(ends: Ends) -> None:
    """Nothing is read while reading is paused, and all of it afterwards."""
    ends.do(ends.transport.pause_reading)
    ends.do(ends.transport.pause_reading)
    ends.client.send(b"hello")
    for _ in range(10):
        ends.do(lambda: None)
    assert ends.receiver.told == []
    ends.do(ends.transport.resume_reading)
    assert ends.transport.is_reading()
    ends.client.close()
    assert ends.lost() == [b"hello", "end", None]


def test_reading_and_writing_are_watched_apart(ends: Ends) -> None:
    """What the client says is heard while it does not read, and the other way round."""
    ends.do(ends.write_until_paused)
    ends.client.send(b"hello")
    ends.do(lambda: None)
    ends.do(ends.transport.pause_reading)
    ends.do(ends.transport.close)
    assert MUCH in ends.read()
    assert ends.lost() == ["pause", b"hello", "resume", None]


def test_a_reset_is_told_as_an_error(ends: Ends) -> None:
    """A connection that the client resets is lost with the system's error, once."""
    ends.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    ends.client.close()
    ends.lost()
    ends.do(ends.transport.abort)
    ends.do(lambda: ends.transport.write(b"too late"))
    told = ends.lost()
    assert isinstance(told[-1], ConnectionResetError)
    assert len(told) == 1


def test_writing_to_a_client_that_is_gone_ends_it(ends: Ends) -> None:
    """A write that fails loses the connection, with its error; what was unsent is dropped."""
    ends.do(ends.transport.pause_reading)
    ends.do(ends.write_until_paused)
    ends.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    ends.client.close()
    told = ends.lost()
    assert told[:1] == ["pause"]
    assert isinstance(told[-1], OSError)
