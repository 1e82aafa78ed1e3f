"""The effect of the name constraints on a stolen key, for clients in other languages."""

from __future__ import annotations

import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTP
from fakesmtp.tls import ENDPOINT_NAMES, server_context
from fakesmtp.tls.contexts import bare_server_context, load_leaf
from fakesmtp.tls.leaf import KeyKind

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from fakesmtp.tls import Authority, CertificateFolder

HERE = Path(__file__).parent
OURS = [name for name in ENDPOINT_NAMES if name != "::1"]
OTHERS = ["www.example.com", "toast.com", "10.9.8.7"]
#: How each client is started; the file to trust, names and ports follow.
CLIENTS = {
    "java": ("java", str(HERE / "Dial.java")),
    "node": ("node", str(HERE / "dial.js")),
}
clients = pytest.mark.parametrize("client", CLIENTS)
Dial = dict[str, str]


@pytest.fixture
def dial(require_tool: Callable[[str], str], client: str) -> Callable[..., Dial]:
    """Return a function with which a client trusts a file and connects to names and ports."""
    program, *arguments = CLIENTS[client]
    tool = require_tool(program)

    def run(ca_file: Path, places: dict[str, int], *options: str) -> Dial:
        asked = [word for name, port in places.items() for word in (name, str(port))]
        done = subprocess.run(
            [tool, *options, *arguments, str(ca_file), *asked],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return dict(line.split(": ", 1) for line in done.stdout.splitlines())

    return run


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Do the handshake with every client until the listener is closed."""
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
                tls.recv(1)


@pytest.fixture
def listen() -> Iterator[Callable[[ssl.SSLContext], int]]:
    """Return a function that listens with a context and returns the port."""
    with ExitStack() as stack:

        def start(context: ssl.SSLContext) -> int:
            listener = socket.create_server(("127.0.0.1", 0))
            thread = Thread(target=serve, args=(listener, context))
            thread.start()
            stack.callback(thread.join)
            stack.callback(listener.close)
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            port: int = listener.getsockname()[1]
            return port

        yield start


@clients
def test_the_endpoint_s_names_are_accepted(
    good_folder: CertificateFolder,
    dial: Callable[..., Dial],
    listen: Callable[[ssl.SSLContext], int],
) -> None:
    """A client that trusts only ca.pem accepts each name of the endpoint."""
    port = listen(server_context(good_folder.path, good_folder.kinds()))
    assert dial(good_folder.ca_file, dict.fromkeys(OURS, port)) == dict.fromkeys(OURS, "accepted")


@clients
def test_other_names_are_refused(
    good_folder: CertificateFolder,
    good_authority: Authority,
    tmp_path: Path,
    dial: Callable[..., Dial],
    listen: Callable[[ssl.SSLContext], int],
) -> None:
    """The client obeys the name constraints: a stolen key certifies no other name."""
    places = {}
    for name in OTHERS:
        context = bare_server_context()
        good_authority.issue([name]).save(tmp_path)
        load_leaf(context, tmp_path, KeyKind.P256)
        places[name] = listen(context)
    results = dial(good_folder.ca_file, places)
    assert set(results) == set(OTHERS)
    for answer in results.values():
        assert answer in {
            "refused, name constraints check failed",
            "refused, permitted subtree violation",
        }


@pytest.mark.parametrize("client", ["java"])
def test_java_with_rsa_suites_only(dial: Callable[..., Dial]) -> None:
    """A Java client that offers only RSA suites is accepted."""
    suites = "-Djdk.tls.client.cipherSuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    with FakeSMTP() as server:
        results = dial(
            server.ca_file,
            {"localhost": server.port(465)},
            "-Djdk.tls.client.protocols=TLSv1.2",
            suites,
        )
        ciphers = [each.tls.cipher for each in server.sessions if each.tls]
    assert results == {"localhost": "accepted"}
    assert ciphers == ["ECDHE-RSA-AES128-GCM-SHA256"]
