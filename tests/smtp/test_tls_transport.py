"""Inside TLS all is as in clear, and the client is told when it is the end."""

from __future__ import annotations

import gc
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from queue import SimpleQueue
from typing import TYPE_CHECKING, cast

import pytest
from raw_client import PATIENCE, TlsInMemory

from fakesmtp.smtp.loop import Loop
from fakesmtp.smtp.transport import SocketTransport
from fakesmtp.smtp.upgrade import Upgrade
from fakesmtp.tls import CertificateFolder, client_context, server_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.transport import Transport

MUCH = b"0123456789abcdef" * 65_536
HELLO = b"EHLO client.example\r\n"


class Receiver:
    """Has of a connection what an upgrade needs, and notes what it is told."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.told: SimpleQueue[object] = SimpleQueue()
        self.data_received: Callable[[bytes], object] = self.told.put
        self.transport: Transport

    def eof_received(self) -> bool:
        """Note it."""
        self.told.put("end")
        return False

    def pause_writing(self) -> None:
        """Note it."""
        self.told.put("pause")

    def resume_writing(self) -> None:
        """Note it."""
        self.told.put("resume")

    def connection_lost(self, error: Exception | None) -> None:
        """Note it."""
        self.told.put(("lost", error))

    def tls_started(self, transport: Transport, tls: ssl.SSLObject) -> None:
        """Note it."""
        self.transport = transport
        self.told.put(("started", tls.version()))

    def tls_failed(self, reason: str) -> None:
        """Note it."""
        self.told.put(("failed", reason))

    def next(self) -> object:
        """Give what it was told, once each."""
        return self.told.get(timeout=PATIENCE)


class Ends:
    """An upgrade that waits for the hello, with its receiver, and the client's end."""

    def __init__(self, folder: CertificateFolder) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client = socket.create_connection(listening.getsockname(), PATIENCE)
            accepted, _ = listening.accept()
        self.loop = Loop()
        self.receiver = Receiver(self.loop)
        self.context = client_context(folder.ca_file)
        self.outside = SocketTransport(self.loop, accepted, self.receiver)
        connection = cast("Connection", self.receiver)
        self.do(Upgrade, connection, self.outside, server_context(folder))
        self.loop.start()

    def do(self, action: Callable[..., object], *args: object) -> None:
        """Act in the loop's thread, some time."""
        self.loop.call_from_thread(action, *args)

    def hear(self, size: int) -> bytes:
        """Give what the receiver is told, as much as that."""
        heard = b""
        while len(heard) < size:
            data = self.receiver.next()
            assert isinstance(data, bytes)
            heard += data
        return heard

    def take_turns(self, number: int) -> None:
        """Wait until the loop has gone round, and has told nothing meanwhile."""
        for _ in range(number):
            self.do(self.receiver.told.put, "nothing")
            assert self.receiver.next() == "nothing"

    def shake_hands(self, version: str = "TLSv1.3") -> ssl.SSLSocket:
        """Begin TLS on the client's end, which insists on being told the end."""
        self.client = client = self.context.wrap_socket(
            self.client, server_hostname="localhost", suppress_ragged_eofs=False
        )
        assert self.receiver.next() == ("started", version)
        return client

    def hold_back(self, version: str = "TLSv1.3", in_clear: int = 0) -> TlsInMemory:
        """Begin TLS on the client's end, but for its last word."""
        self.context.maximum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
        return TlsInMemory(self.context, self.client, in_clear)

    def read(self) -> bytes:
        """Read on the client's end until its end."""
        read = bytearray()
        while chunk := self.client.recv(65536):
            read += chunk
        return bytes(read)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    """A connection whose client is about to begin TLS."""
    made = Ends(CertificateFolder(tmp_path).ensure())
    yield made
    made.client.close()
    made.do(made.outside.abort)
    made.do(made.loop.stop)
    made.loop.join()


def test_what_was_sent_is_read_in_any_size(ends: Ends) -> None:
    """Records that are full, and all behind them, come without another event."""
    ends.shake_hands().sendall(MUCH)
    assert ends.hear(len(MUCH)) == MUCH


def test_what_is_unsent_at_the_close_is_sent(ends: Ends) -> None:
    """A client that reads late gets all of it, and the word that it is the end."""
    ends.shake_hands()

    def write() -> None:
        for _ in range(20):
            ends.receiver.transport.write(MUCH)
        ends.receiver.transport.close()
        ends.receiver.transport.close()
        ends.receiver.transport.write(b"too late")

    ends.do(write)
    assert ends.receiver.next() == "pause"
    assert ends.read() == MUCH * 20
    assert [ends.receiver.next() for _ in range(2)] == ["resume", ("lost", None)]


def test_what_is_unsent_in_clear_goes_before_the_handshake(
    ends: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    """A client may begin TLS before it has read all that was said in clear."""
    ends.do(ends.outside.write, MUCH * 20)
    ends.take_turns(1)
    ends.hold_back(in_clear=len(MUCH) * 20).send(HELLO)
    assert ends.receiver.next() == ("started", "TLSv1.3")
    assert ends.hear(len(HELLO)) == HELLO
    assert caplog.text == ""


def test_a_pause_leaves_bytes_with_the_system(ends: Ends) -> None:
    """Who asks for a pause is told nothing of what comes behind it, until it reads on."""
    client = ends.shake_hands()
    ends.do(ends.receiver.transport.pause_reading)
    ends.take_turns(1)
    client.sendall(b"hello")
    ends.take_turns(10)
    ends.do(ends.receiver.transport.resume_reading)
    assert ends.receiver.next() == b"hello"


def test_an_abort_drops_what_is_unsent(ends: Ends) -> None:
    """The client is not told the end, and so knows that this was none."""
    client = ends.shake_hands()
    ends.do(ends.receiver.transport.abort)
    ends.do(ends.receiver.transport.write, b"too late")
    assert ends.receiver.next() == ("lost", None)
    with pytest.raises(ssl.SSLEOFError):
        client.recv(1)


def test_the_client_s_end_is_the_end(ends: Ends) -> None:
    """A client that says so inside TLS is told the same."""
    ends.shake_hands().unwrap().close()
    assert ends.receiver.next() == ("lost", None)


def test_a_client_that_only_closes_is_gone(ends: Ends) -> None:
    """Without a word inside TLS it is the end, too."""
    ends.shake_hands().close()
    assert [ends.receiver.next() for _ in range(2)] == ["end", ("lost", None)]


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_what_comes_with_the_end_of_the_handshake_is_not_lost(ends: Ends, version: str) -> None:
    """A client may send its last word of the handshake and its first commands at once."""
    client = ends.hold_back(version)
    client.send(HELLO, HELLO)
    assert ends.receiver.next() == ("started", version)
    assert ends.hear(2 * len(HELLO)) == HELLO * 2
    ends.do(ends.receiver.transport.write, b"250 hello\r\n")
    assert client.receive() == b"250 hello\r\n"


@pytest.fixture
def dropped(ends: Ends) -> Ends:
    """An upgrade whose receiver drops the connection as soon as it hears of TLS."""
    started = ends.receiver.tls_started

    def start_and_abort(transport: Transport, tls: ssl.SSLObject) -> None:
        started(transport, tls)
        transport.abort()

    ends.receiver.tls_started = start_and_abort  # type: ignore[method-assign]
    return ends


def test_what_comes_with_the_handshake_of_a_lost_connection_is_not_heard(dropped: Ends) -> None:
    """Who is told that it is over is told nothing more, though asyncio reads on."""
    dropped.hold_back().send(HELLO)
    assert dropped.receiver.next() == ("started", "TLSv1.3")
    assert dropped.receiver.next() == ("lost", None)
    dropped.take_turns(3)


def test_a_connection_lost_with_words_of_asyncio_unsent_is_no_bug(
    dropped: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    """In TLS 1.2 asyncio has the last word of the handshake still to send."""
    with pytest.raises((AssertionError, ConnectionError)):
        dropped.hold_back("TLSv1.2")
    assert dropped.receiver.next() == ("started", "TLSv1.2")
    assert dropped.receiver.next() == ("lost", None)
    dropped.take_turns(3)
    assert caplog.text == ""


def test_what_stands_behind_the_end_takes_nothing_away(ends: Ends) -> None:
    """A client that has sent more behind its last command gets all that is unsent, and the end."""
    client = ends.hold_back()

    def end(_: bytes) -> None:
        for _ in range(20):
            ends.receiver.transport.write(MUCH)
        ends.receiver.transport.close()

    ends.receiver.data_received = end
    client.send()
    assert ends.receiver.next() == ("started", "TLSv1.3")
    client.send(HELLO, HELLO, HELLO, HELLO)
    assert ends.receiver.next() == "pause"
    received = bytearray()
    while chunk := client.receive():
        received += chunk
    assert received == MUCH * 20


def test_a_client_that_ends_without_a_word_may_still_read(ends: Ends) -> None:
    """Who only says below TLS that it has ended is told the end inside TLS nevertheless."""
    client = ends.hold_back()
    client.send(HELLO)
    ends.client.shutdown(socket.SHUT_WR)
    assert ends.receiver.next() == ("started", "TLSv1.3")
    assert client.receive() == b""


def test_what_is_no_record_ends_it_with_an_alert(ends: Ends) -> None:
    """Whatever comes in clear inside TLS is not obeyed; the client is told by an alert."""
    client = ends.shake_hands()
    with socket.socket(fileno=client.detach()) as below_tls:
        below_tls.settimeout(PATIENCE)
        below_tls.sendall(HELLO)
        assert ends.receiver.next() == ("lost", None)
        # A record of alerts inside TLS 1.3 looks like one of data (RFC 8446 §5.2).
        assert below_tls.recv(1) == b"\x17"


def test_who_does_not_speak_tls_is_told_of(ends: Ends) -> None:
    """What is no hello ends it, with a reason."""
    ends.client.sendall(HELLO)
    told = ends.receiver.next()
    assert isinstance(told, tuple)
    assert (told[0], "SSL" in told[1]) == ("failed", True)


@pytest.mark.filterwarnings("error")
def test_asyncio_keeps_nothing_of_it(ends: Ends) -> None:
    """When the end has come, nothing of the handshake is left to the collector, or warned of."""
    gc.collect()
    gc.disable()
    try:
        ends.shake_hands().close()
        assert ends.receiver.next() == "end"
        assert ends.receiver.next() == ("lost", None)
        del ends.receiver.transport
        ends.take_turns(3)
        kept = [each for each in gc.get_objects() if isinstance(each, (Upgrade, SSLProtocol))]
        assert kept == []
    finally:
        gc.enable()
