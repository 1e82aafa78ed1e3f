"""Inside TLS the transport does what it does in clear, and says when it is the end."""

from __future__ import annotations

import socket
import ssl
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE

from fakesmtp.smtp.loop import Loop
from fakesmtp.smtp.readiness import SelectorReadiness, make_readiness
from fakesmtp.smtp.tls_transport import TlsTransport
from fakesmtp.tls import CertificateFolder, client_context, server_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp.smtp.readiness import Readiness

MUCH = b"0123456789abcdef" * 65_536


class Receiver:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: SimpleQueue[object] = SimpleQueue()
        self.data_received = self.told.put

    def pause_writing(self) -> None:
        """Note it."""
        self.told.put("pause")

    def resume_writing(self) -> None:
        """Note it."""
        self.told.put("resume")

    def connection_lost(self, error: Exception | None) -> None:
        """Note it."""
        self.told.put(("lost", error))

    def tls_started(self, tls: ssl.SSLSocket) -> None:
        """Note it."""
        self.told.put(("started", tls.version()))

    def tls_failed(self, reason: str) -> None:
        """Note it."""
        self.told.put(("failed", reason))

    def next(self) -> object:
        """Give what it was told, once each."""
        return self.told.get(timeout=PATIENCE)


class Ends:
    """A transport that waits for the hello, with its receiver, and the client's end."""

    def __init__(self, loop: Loop, folder: CertificateFolder) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname(), PATIENCE)
            accepted, _ = listening.accept()
        self.loop = loop
        self.receiver = Receiver()
        self._client_context = client_context(folder.ca_file)
        self.transport = TlsTransport(
            loop.readiness, accepted, self.receiver, server_context(folder)
        )
        loop.start()

    def do(self, action: Callable[..., object], *args: object) -> None:
        """Act in the loop's thread, some time."""
        self.loop.call_from_thread(action, *args)

    def shake_hands(self) -> None:
        """Begin TLS on the client's end, which insists on being told the end."""
        self.client = self._client_context.wrap_socket(
            self.client, server_hostname="localhost", suppress_ragged_eofs=False
        )
        assert self.receiver.next() == ("started", "TLSv1.3")

    def read(self) -> bytes:
        """Read on the client's end until its end."""
        read = bytearray()
        while chunk := self.client.recv(65536):
            read += chunk
        return bytes(read)


@pytest.fixture(params=[make_readiness, SelectorReadiness], ids=["best", "selectors"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ends]:
    """A connection, on each way to know what is ready."""
    make: Callable[[], Readiness] = request.param
    made = Ends(Loop(make), CertificateFolder(tmp_path).ensure())
    yield made
    made.client.close()
    made.do(made.transport.abort)
    made.do(made.loop.stop)
    made.loop.join()


def test_what_was_sent_is_read_in_any_size(ends: Ends) -> None:
    """Records that are full, and all behind them, come without another event."""
    ends.shake_hands()
    ends.client.sendall(MUCH)
    read = b""
    while len(read) < len(MUCH):
        chunk = ends.receiver.next()
        assert isinstance(chunk, bytes)
        read += chunk
    assert read == MUCH


def test_what_is_unsent_at_the_close_is_sent(ends: Ends) -> None:
    """A client that reads late gets all of it, and the word that it is the end."""
    ends.shake_hands()

    def write() -> None:
        for _ in range(20):
            ends.transport.write(MUCH)
        ends.transport.close()
        ends.transport.write(b"too late")

    ends.do(write)
    assert ends.receiver.next() == "pause"
    assert ends.read() == MUCH * 20
    assert [ends.receiver.next() for _ in range(2)] == ["resume", ("lost", None)]


def test_a_pause_stops_between_two_records(ends: Ends) -> None:
    """Who asks for a pause is told nothing more, though more has come."""
    ends.shake_hands()
    ends.receiver.data_received = lambda data: (  # type: ignore[method-assign,assignment]
        ends.transport.pause_reading(),
        ends.receiver.told.put(data),
    )
    ends.client.sendall(MUCH)
    first = ends.receiver.next()
    assert isinstance(first, bytes)
    ends.do(ends.receiver.told.put, "nothing more")
    assert ends.receiver.next() == "nothing more"
    ends.do(ends.transport.resume_reading)
    assert ends.receiver.next() == MUCH[len(first) : 2 * len(first)]


def test_the_client_s_end_is_the_end(ends: Ends) -> None:
    """A client that says so, and then closes, is told the same."""
    ends.shake_hands()
    assert isinstance(ends.client, ssl.SSLSocket)
    ends.client.unwrap().close()
    assert ends.receiver.next() == ("lost", None)


def test_who_does_not_speak_tls_is_told_so(ends: Ends) -> None:
    """What is no hello ends it, with a reason."""
    ends.client.sendall(b"EHLO client.example\r\n")
    what, reason = ends.receiver.next()  # type: ignore[misc]
    assert (what, "SSL" in reason) == ("failed", True)
    lost, error = ends.receiver.next()  # type: ignore[misc]
    assert (lost, isinstance(error, ssl.SSLError)) == ("lost", True)


def test_who_leaves_in_the_middle_gets_nothing(ends: Ends) -> None:
    """A client that closes before its hello is sent no alert, which none would expect."""
    ends.client.shutdown(socket.SHUT_WR)
    what, reason = ends.receiver.next()  # type: ignore[misc]
    assert (what, "closed" in reason) == ("failed", True)
    assert ends.read() == b""
