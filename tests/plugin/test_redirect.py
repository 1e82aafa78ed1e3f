"""`fakesmtp_redirect`: the real names and ports of the endpoint lead to the fake."""

from __future__ import annotations

import asyncio
import os
import smtplib
import socket
import ssl
from email.message import EmailMessage
from pathlib import Path
from socket import create_connection, getaddrinfo
from typing import TYPE_CHECKING

import aiosmtplib
import pytest
from pytest_fakesmtp.redirect import NAMES, Redirection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_fakesmtp import FakeSMTPView

    Run = Callable[..., pytest.RunResult]

REAL = "smtp-mail.nhncloudservice.com"


@pytest.mark.parametrize("name", [*NAMES, REAL.upper()])
@pytest.mark.parametrize("port", [25, 587, 2587])
def test_smtplib(fakesmtp_redirect: FakeSMTPView, name: str, port: int) -> None:
    """Smtplib connects to the fake by the real name; the default SSL context verifies it."""
    with smtplib.SMTP(name, port) as client:
        client.starttls(context=ssl.create_default_context())
        client.login(*fakesmtp_redirect.account)
        client.sendmail("a@example.com", ["b@example.com"], "Subject: hi\r\n\r\n")
    assert fakesmtp_redirect.wait_for(subject="hi").port == port


@pytest.mark.parametrize("port", [465, 2465])
def test_implicit_tls(fakesmtp_redirect: FakeSMTPView, port: int) -> None:
    """The ports with implicit TLS are redirected and verified, too."""
    with smtplib.SMTP_SSL(REAL, port, context=ssl.create_default_context()) as client:
        client.login(*fakesmtp_redirect.account)
    assert fakesmtp_redirect.sessions[0].port == port


@pytest.mark.asyncio
async def test_aiosmtplib(fakesmtp_redirect: FakeSMTPView) -> None:
    """Aiosmtplib connects to the fake by the real name and verifies its certificate."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "hi"
    user, password = fakesmtp_redirect.account
    await aiosmtplib.send(
        message, hostname=REAL, port=587, start_tls=True, username=user, password=password
    )
    assert (await fakesmtp_redirect.wait_for_async(subject="hi")).tls


@pytest.mark.asyncio
async def test_asyncio(fakesmtp_redirect: FakeSMTPView) -> None:
    """Asyncio's streams connect to the fake, in plaintext and with TLS."""
    for port, context in ((587, None), (465, ssl.create_default_context())):
        reader, writer = await asyncio.open_connection(REAL, port, ssl=context)
        assert (await reader.readline()).startswith(b"220 ")
        writer.close()
        await writer.wait_closed()
    assert len(fakesmtp_redirect.sessions) == 2


def test_uvloop(run: Run) -> None:
    """Uvloop resolves names itself and is redirected as well."""
    pytest.importorskip("uvloop")
    result = run(
        """
        import asyncio, ssl, uvloop

        async def greet(port, context):
            reader, writer = await asyncio.open_connection(
                "smtp-mail.nhncloudservice.com", port, ssl=context)
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return line

        def test_uvloop(fakesmtp_redirect):
            loop = uvloop.new_event_loop()
            for port, context in ((587, None), (465, ssl.create_default_context())):
                assert loop.run_until_complete(greet(port, context)).startswith(b"220 ")
            loop.close()
            assert len(fakesmtp_redirect.sessions) == 2
        """,
        in_a_process=True,
    )
    result.assert_outcomes(passed=1)


def test_functions_imported_before(fakesmtp_redirect: FakeSMTPView) -> None:
    """Functions of `socket` that were imported before the test are redirected."""
    with create_connection((REAL, 587)) as connection:
        local = fakesmtp_redirect.port(587)
        assert connection.getpeername() == ("127.0.0.1", local)
    assert socket.gethostbyname(f"{REAL}.") == "127.0.0.1"
    assert socket.getaddrinfo is not getaddrinfo


def test_unknown_port_of_the_endpoint(fakesmtp_redirect: FakeSMTPView) -> None:
    """A port that the endpoint does not have is refused; the error lists those it has."""
    with pytest.raises(ConnectionRefusedError, match=r"port 2525 .* 25, 465, 587, 2465, 2587, and"):
        smtplib.SMTP(REAL, 2525)
    assert fakesmtp_redirect.sessions == []


def test_other_names_are_not_redirected(fakesmtp_redirect: FakeSMTPView) -> None:
    """Other names and addresses resolve as before."""
    assert socket.getaddrinfo("localhost", 587)[0][4][1] == 587
    assert socket.gethostbyname("127.0.0.1") == "127.0.0.1"
    with smtplib.SMTP(fakesmtp_redirect.host, fakesmtp_redirect.port(25)) as client:
        client.noop()


PORTS = {587: 10587, 25: 10025}
TARGETS = [(587, 10587), ("587", 10587), (b"587", 10587), ("smtp", 10025), (None, 0), (0, 0)]


@pytest.mark.parametrize(("port", "local"), TARGETS)
def test_ports_in_all_their_forms(port: object, local: int) -> None:
    """A port is a number, its digits or the name of a service, as for `getaddrinfo`."""
    assert Redirection("127.0.0.1", PORTS).target(REAL, port) == ("127.0.0.1", local)


@pytest.mark.parametrize("port", [465, "no-such-service"])
def test_ports_that_are_not_open(port: object) -> None:
    """A port that the fake does not listen on is refused, also a port of the endpoint."""
    with pytest.raises(ConnectionRefusedError, match="stands for 25, 587,"):
        Redirection("127.0.0.1", PORTS).target(REAL, port)


def test_certificate_bundle(fakesmtp_redirect: FakeSMTPView) -> None:
    """The file of SSL_CERT_FILE contains the system's CAs and ours."""
    bundle = Path(os.environ["SSL_CERT_FILE"]).read_bytes()
    assert fakesmtp_redirect.ca_file.read_bytes() in bundle
    system = Path(ssl.get_default_verify_paths().openssl_cafile)
    assert not system.exists() or system.read_bytes() in bundle


def test_everything_is_restored(run: Run) -> None:
    """Everything is restored after the test, also after a test that fails."""
    result = run(
        """
        import os, socket

        def state():
            return (socket.getaddrinfo, socket.gethostbyname, dict(os.environ))

        before = state()

        def without_pytest(environ):
            return {name: value for name, value in environ.items() if "PYTEST" not in name}

        def same(one, other):
            return one[:2] == other[:2] and (
                without_pytest(one[2]) == without_pytest(other[2]))

        def test_fails(fakesmtp_redirect, monkeypatch):
            assert not same(state(), before)
            monkeypatch.undo()
            assert not same(state(), before)
            assert 0

        def test_next(fakesmtp):
            assert same(state(), before)
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["E * assert 0"])
