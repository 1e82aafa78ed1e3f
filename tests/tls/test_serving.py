"""The server side of a handshake: the requested name, and the certificate that suits."""

from __future__ import annotations

import re
import ssl
import subprocess
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTP
from fakesmtp.faults import Stage
from fakesmtp.tls import client_context
from fakesmtp.tls.flaws import fresh_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp.tls import CertificateFolder
    from fakesmtp.tls.serving import ServerSide

#: Options of openssl's client, each of which leaves RSA only.
RSA_ONLY = {
    "a suite of TLS 1.2": ("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"),
    "all such suites": ("-tls1_2", "-cipher", "aRSA"),
    "signatures of TLS 1.3": ("-tls1_3", "-sigalgs", "RSA-PSS+SHA256"),
    "signatures of TLS 1.2": ("-tls1_2", "-sigalgs", "RSA+SHA256:RSA-PSS+SHA256"),
    "no P-256 in TLS 1.2": ("-tls1_2", "-groups", "X25519"),
}
KEEPS = {"a temporary authority": False, "a folder": True}


@pytest.fixture(params=KEEPS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeSMTP]:
    """Start a server with a folder of certificates, then one without."""
    with FakeSMTP(certs_dir=tmp_path if KEEPS[request.param] else None) as smtp:
        yield smtp


@pytest.fixture
def dial(require_tool: Callable[[str], str]) -> Callable[..., str]:
    """Return a function that connects openssl's verifying client, and returns its report."""
    openssl = require_tool("openssl")

    def connect(server: FakeSMTP, *options: str) -> str:
        done = subprocess.run(
            [
                *(openssl, "s_client", "-connect", f"127.0.0.1:{server.port(465)}"),
                *("-CAfile", str(server.ca_file), "-no-CApath", "-no-CAstore", "-x509_strict"),
                *("-verify_return_error", "-servername", "localhost"),
                *("-verify_hostname", "localhost", *options),
            ],
            input="QUIT\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stdout

    return connect


def signature_of(report: str) -> str:
    """Return the kind of key that the server proved to a client that accepted it."""
    assert "Verification: OK" in report
    found = re.search(r"Peer signature type: (\S+)", report)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("options", RSA_ONLY.values(), ids=RSA_ONLY)
def test_a_client_that_knows_only_rsa_is_served(
    server: FakeSMTP, dial: Callable[..., str], options: tuple[str, ...]
) -> None:
    """Such a client gets a complete certificate with an RSA key, for the name."""
    assert signature_of(dial(server, *options)) in {"RSA", "RSA-PSS"}


def test_other_clients_get_p256(server: FakeSMTP, dial: Callable[..., str]) -> None:
    """A client that supports P-256 gets it, before and after another one wanted RSA."""
    assert signature_of(dial(server)) == "ECDSA"
    dial(server, *RSA_ONLY["all such suites"])
    assert signature_of(dial(server)) == "ECDSA"
    assert signature_of(dial(server, "-tls1_2")) == "ECDSA"


def test_the_name_is_recorded(server: FakeSMTP, dial: Callable[..., str]) -> None:
    """The session has the name that a client requests, also with RSA."""
    for options in ((), RSA_ONLY["all such suites"]):
        dial(server, *options)
    assert [each.tls.sni for each in server.sessions if each.tls] == ["localhost"] * 2


def test_no_rsa_key_without_need(dial: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary CA creates no RSA key for clients that support P-256: it takes long."""
    monkeypatch.setattr("cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key", None)
    with FakeSMTP() as smtp:
        assert signature_of(dial(smtp)) == "ECDSA"
        assert not list(smtp.ca_file.parent.glob("leaf-rsa*"))


def test_a_planned_flaw_with_rsa(server: FakeSMTP, dial: Callable[..., str]) -> None:
    """A client that supports only RSA sees the planned flaw, too."""
    server.faults.fault(Stage.TLS_HANDSHAKE, "bad-certificate", certificate="expired")
    assert "certificate has expired" in dial(server, *RSA_ONLY["all such suites"])


def converse(server: ssl.SSLContext, client: ssl.SSLContext, size: int) -> ServerSide:
    """Do a handshake in memory; the client's bytes arrive in pieces of the size."""
    to_client, to_server, wire = ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(to_client, wire, server_hostname="localhost")
    called: ServerSide = server.wrap_bio(to_server, to_client, server_side=True)  # type: ignore[assignment]
    for _ in range(3):
        with suppress(ssl.SSLWantReadError):
            caller.do_handshake()
        while wire.pending:
            to_server.write(wire.read(size))
            with suppress(ssl.SSLWantReadError):
                called.do_handshake()
    return called


@pytest.mark.parametrize("size", [1, 100, 100_000])
@pytest.mark.parametrize(
    "ciphers", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]
)
def test_pieces_of_any_size(good_folder: CertificateFolder, ciphers: str, size: int) -> None:
    """The first message is read from pieces of any size."""
    server = fresh_context(good_folder.path)
    server.make_rsa = partial(fresh_context, good_folder.path, rsa=True)
    client = client_context(good_folder.ca_file)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(ciphers)
    called = converse(server, client, size)
    cipher = called.cipher()
    assert cipher is not None
    assert (called.sni, cipher[0]) == ("localhost", ciphers)
