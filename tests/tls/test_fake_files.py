"""TLS works in tests that use pyfakefs, also if they are the first to use TLS."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import smtplib, ssl

def send(server, context):
    with smtplib.SMTP("localhost", server.port(587), timeout=30) as client:
        client.starttls(context=context)
        client.login(f"{server.account.app_key}#auth", server.account.secret_key)
        client.sendmail("a@example.com", "b@example.com", "Subject: fake")
    assert server.take().subject == "fake"

def test_first(fs, fakesmtp):
    send(fakesmtp, fakesmtp.client_context())

def test_file(fs, fakesmtp):
    assert not fs.exists(str(fakesmtp.ca_file))
    send(fakesmtp, ssl.create_default_context(cafile=fakesmtp.ca_file))

def test_flaw(fs, fakesmtp):
    fakesmtp.faults.fault("tls-handshake", "bad-certificate", certificate="self-signed", times=1)
    try:
        send(fakesmtp, fakesmtp.client_context())
    except ssl.SSLCertVerificationError as error:
        assert "self" in str(error)
    send(fakesmtp, fakesmtp.client_context())

def test_another_server(make_fakesmtp):
    server = make_fakesmtp()
    send(server, server.client_context())

def test_afterwards(fakesmtp):
    send(fakesmtp, ssl.create_default_context(cafile=fakesmtp.ca_file))
    assert open(fakesmtp.ca_file).read().startswith("-----BEGIN")
"""


def test_tls_works_with_pyfakefs(tmp_path: Path) -> None:
    """The certificates are in the real file system, where OpenSSL reads them."""
    (tmp_path / "test_fake.py").write_text(TESTS)
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("-W", "ignore", "-o", "asyncio_default_fixture_loop_scope=function", "test_fake.py"),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert "5 passed" in done.stdout, done.stdout
