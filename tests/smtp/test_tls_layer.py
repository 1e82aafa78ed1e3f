"""The TLS layer in memory: handshake, data, end and failures, in pieces of any size."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from fakesmtp.smtp.tls_layer import TlsLayer
from fakesmtp.tls import CertificateFolder, client_context, server_context

if TYPE_CHECKING:
    from collections.abc import Callable

MUCH = b"0123456789abcdef" * 65_536


class Client:
    """A TLS client in memory, connected to a layer."""

    def __init__(self, layer: TlsLayer, context: ssl.SSLContext, cut: int = 2**20) -> None:
        self.layer = layer
        self._cut = cut
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def do_handshake(self) -> None:
        """Exchange bytes until the layer has finished the handshake."""
        while not self.layer.is_established and not self.layer.failure:
            with suppress(ssl.SSLWantReadError):
                self.tls.do_handshake()
            assert self.transfer() == b""
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()

    def transfer(self) -> bytes:
        """Transfer bytes both ways; return the plaintext that the layer decrypted."""
        sent = self._outgoing.read()
        pieces = [sent[start : start + self._cut] for start in range(0, len(sent), self._cut)]
        received = b"".join(map(self.layer.receive, pieces))
        self._incoming.write(self.layer.take_output())
        return received

    def read_all(self) -> bytes:
        """Return what has arrived at the client."""
        read = bytearray()
        with suppress(ssl.SSLWantReadError):
            while chunk := self.tls.read(65536):
                read += chunk
        return bytes(read)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    """Return a folder with certificates that all tests of this module share."""
    return CertificateFolder(tmp_path_factory.mktemp("certs")).ensure()


@pytest.fixture
def connect(folder: CertificateFolder) -> Callable[..., Client]:
    """Return a function that connects a layer and a client that trusts it."""

    def make(cut: int = 2**20, version: str = "TLSv1_3") -> Client:
        context = client_context(folder.ca_file)
        context.maximum_version = getattr(ssl.TLSVersion, version)
        return Client(TlsLayer(server_context(folder.path, folder.kinds())), context, cut)

    return make


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("cut", [1, 5, 1000, 2**20])
def test_plaintext_does_not_depend_on_the_pieces(
    connect: Callable[..., Client], cut: int, version: str
) -> None:
    """Handshake and records can arrive in pieces of any size."""
    client = connect(cut, version)
    client.do_handshake()
    client.tls.write(b"EHLO a\r\n")
    client.tls.write(b"QUIT\r\n")
    assert client.transfer() == b"EHLO a\r\nQUIT\r\n"


def test_large_transfer_both_ways(connect: Callable[..., Client]) -> None:
    """Data larger than a record and larger than a buffer is transferred."""
    client = connect()
    client.do_handshake()
    client.tls.write(MUCH)
    assert client.transfer() == MUCH
    client.layer.send(MUCH)
    client.transfer()
    assert client.read_all() == MUCH


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_data_with_the_last_message_of_the_handshake_is_not_lost(
    connect: Callable[..., Client], version: str
) -> None:
    """The end of the handshake and the first command can arrive in one packet."""
    client = connect(version=version)
    for _ in range(3):
        with suppress(ssl.SSLWantReadError):
            client.tls.do_handshake()
            break
        client.transfer()
    client.tls.write(b"EHLO a\r\n")
    assert client.transfer() == b"EHLO a\r\n"
    assert client.layer.is_established


def test_close_sends_close_notify(connect: Callable[..., Client]) -> None:
    """`close` sends close_notify, which the client reads as the end, and nothing afterwards."""
    client = connect()
    client.do_handshake()
    client.layer.close()
    client.layer.send(b"too late")
    client.transfer()
    with suppress(ssl.SSLZeroReturnError):
        assert client.tls.read(10) == b""
    client.layer.close()


def test_close_notify_of_the_client(connect: Callable[..., Client]) -> None:
    """The client's close_notify is reported as the end, after the data before it."""
    client = connect()
    client.do_handshake()
    client.tls.write(b"QUIT\r\n")
    with suppress(ssl.SSLWantReadError):
        client.tls.unwrap()
    assert client.transfer() == b"QUIT\r\n"
    assert client.layer.is_peer_closed


@pytest.mark.parametrize("data", [b"EHLO a\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x02" * 20])
def test_invalid_client_hello_fails_with_an_alert(
    connect: Callable[..., Client], data: bytes
) -> None:
    """Plaintext, HTTP and random bytes end the handshake with a reason, and mostly an alert."""
    layer = connect().layer
    assert layer.receive(data) == b""
    assert layer.failure
    assert not layer.is_established


def test_client_without_a_common_version_gets_an_alert(folder: CertificateFolder) -> None:
    """The alert (content type 21) is protocol_version (70), RFC 8446 §6.2."""
    context = client_context(folder.ca_file)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    client = Client(TlsLayer(server_context(folder.path, folder.kinds())), context)
    with suppress(ssl.SSLWantReadError):
        client.tls.do_handshake()
    client.layer.receive(client._outgoing.read())  # noqa: SLF001
    output = client.layer.take_output()
    assert (output[0], output[-1]) == (21, 70)
    assert "protocol" in client.layer.failure.lower()


def test_invalid_record_fails(connect: Callable[..., Client]) -> None:
    """Plaintext inside TLS ends the connection with an alert."""
    client = connect()
    client.do_handshake()
    client.transfer()
    assert client.layer.receive(b"NOOP\r\n" * 10) == b""
    assert client.layer.failure
    assert client.layer.take_output()
