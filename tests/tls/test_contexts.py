"""TLS contexts, in real handshakes on real sockets."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fakesmtp.errors import CertificateError
from fakesmtp.tls import (
    ENDPOINT_NAMES,
    Authority,
    CertificateFolder,
    Leaf,
    client_context,
    server_context,
)

if TYPE_CHECKING:
    from pathlib import Path

#: A handshake takes milliseconds; this only ends a test that hangs.
PATIENCE = 30
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@dataclass(frozen=True)
class Handshake:
    """Facts that a client has after a handshake and an exchange of bytes."""

    version: str | None
    cipher: str
    has_ticket: bool


def context_of(folder: CertificateFolder) -> ssl.SSLContext:
    """Return a server's context with the certificates of a folder."""
    return server_context(folder.path, folder.kinds())


def echo(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Accept one connection and send its bytes back, unless the client refuses the server."""
    plain, _ = listener.accept()
    plain.settimeout(PATIENCE)
    with plain, suppress(ssl.SSLError, ConnectionError):  # noqa: SIM117 - two different things
        with context.wrap_socket(plain, server_side=True) as tls:
            tls.sendall(tls.recv(100))
            tls.unwrap()


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> Handshake:
    """Connect to a server with the context under the name; raise the client's exception."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(PATIENCE)
        pool.submit(echo, listener, server)
        with (
            socket.create_connection(listener.getsockname(), timeout=PATIENCE) as plain,
            client.wrap_socket(plain, server_hostname=name) as tls,
        ):
            tls.sendall(b"ping")
            assert tls.recv(100) == b"ping"
            cipher, session = tls.cipher(), tls.session
            assert cipher is not None
            assert session is not None
            shaken = Handshake(tls.version(), cipher[0], session.has_ticket)
            tls.unwrap()  # a session that ends without this is forgotten in any case
    return shaken


def server_with(leaf: Leaf, folder: Path) -> ssl.SSLContext:
    """Return a server's context with any leaf."""
    leaf.save(folder)
    return context_of(CertificateFolder(folder))


@pytest.mark.parametrize("version", VERSIONS, ids=str)
@pytest.mark.parametrize("name", ENDPOINT_NAMES)
def test_client_and_server_agree(
    good_folder: CertificateFolder, name: str, version: ssl.TLSVersion
) -> None:
    """A verifying client accepts each name of the endpoint in both versions of TLS."""
    client = client_context(good_folder.ca_file)
    client.maximum_version = version
    shaken = shake_hands(context_of(good_folder), client, name)
    assert shaken.version == version.name.replace("_", ".")
    assert "ECDSA" in shaken.cipher or version is ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("name", ENDPOINT_NAMES)
def test_python_s_own_context_accepts(good_folder: CertificateFolder, name: str) -> None:
    """Python's default context, as strict as in 3.13, needs only ca.pem."""
    client = ssl.create_default_context(cafile=good_folder.ca_file)
    client.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    assert shake_hands(context_of(good_folder), client, name).version == "TLSv1.3"


def test_nothing_older_than_tls_1_2(good_folder: CertificateFolder) -> None:
    """Both contexts refuse TLS 1.1 and older (RFC 8996)."""
    contexts = (
        context_of(good_folder),
        client_context(good_folder.ca_file),
    )
    assert [context.minimum_version for context in contexts] == [ssl.TLSVersion.TLSv1_2] * 2


def test_the_client_is_strict(good_folder: CertificateFolder) -> None:
    """The client's context verifies the chain strictly and trusts only one CA."""
    context = client_context(good_folder.ca_file)
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats() == {"x509": 1, "crl": 0, "x509_ca": 1}


def test_another_name_is_refused(good_folder: CertificateFolder) -> None:
    """A client refuses a leaf that is not for the host it asked for."""
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch"):
        shake_hands(
            context_of(good_folder),
            client_context(good_folder.ca_file),
            "api.cloud.toast.com",
        )


def test_another_authority_is_refused(good_folder: CertificateFolder, tmp_path: Path) -> None:
    """A client that trusts one CA refuses the leaf of another."""
    server = server_with(Authority.create().issue(), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shake_hands(server, client_context(good_folder.ca_file), "localhost")


def test_an_expired_leaf_is_refused(
    good_folder: CertificateFolder, good_authority: Authority, tmp_path: Path
) -> None:
    """A client refuses a leaf that expired yesterday."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    server = server_with(good_authority.issue(not_after=yesterday), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="has expired"):
        shake_hands(server, client_context(good_folder.ca_file), "localhost")


def test_a_name_outside_the_constraints_is_refused(
    good_folder: CertificateFolder, good_authority: Authority, tmp_path: Path
) -> None:
    """A client that trusts the CA refuses its certificate for another host."""
    server = server_with(good_authority.issue(["example.com"]), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(server, client_context(good_folder.ca_file), "example.com")


def test_no_ticket_in_tls_1_3(good_folder: CertificateFolder) -> None:
    """No ticket is sent, unless one is needed to make the system acknowledge the handshake."""
    server = context_of(good_folder)
    shaken = shake_hands(server, client_context(good_folder.ca_file), "localhost")
    acknowledges = hasattr(socket, "TCP_QUICKACK")
    assert (shaken.version, shaken.has_ticket) == ("TLSv1.3", not acknowledges)


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_the_server_remembers_no_client(
    good_folder: CertificateFolder, version: ssl.TLSVersion
) -> None:
    """No session stays in the server's memory after the connection, in both versions of TLS."""
    server, client = (
        context_of(good_folder),
        client_context(good_folder.ca_file),
    )
    client.maximum_version = version
    shake_hands(server, client, "localhost")
    stats = server.session_stats()
    assert (stats["accept_good"], stats["number"]) == (1, 0)


def test_a_server_never_mixes_two_leaves(tmp_path: Path) -> None:
    """A context made during a renewal has a certificate and its own key."""
    folder = CertificateFolder(tmp_path).ensure()
    done = threading.Event()

    def renew_all_the_time() -> None:
        while not done.is_set():
            folder.renew()

    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(renew_all_the_time)
        try:
            for _ in range(100):
                server_context(folder.path, folder.kinds())
        finally:
            done.set()
        renewing.result(PATIENCE)


def test_a_server_needs_a_leaf(tmp_path: Path) -> None:
    """For a missing leaf or folder the error has its name and says what to do."""
    with pytest.raises(CertificateError, match=r"leaf\.pem \(No such file.*start the server once"):
        context_of(CertificateFolder(tmp_path))
    with pytest.raises(CertificateError, match=r"cannot open the folder \S+missing "):
        context_of(CertificateFolder(tmp_path / "missing"))


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_a_client_needs_an_authority(tmp_path: Path, content: bytes | None) -> None:
    """For a file without a certificate the error has its name and says what to do."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CertificateError, match=r"ca\.pem \(\S.*\): start the server once"):
        client_context(path)


def test_the_package_loads_no_cryptography() -> None:
    """Importing the package does not load cryptography, which takes longer than the rest."""
    code = "import sys, fakesmtp.tls; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
