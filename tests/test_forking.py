"""A child that is forked from a process with a server leaves the server to it."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

from fakesmtp import CertificateError, FakeSMTP, FakeSMTPError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # Python 3.12 and later warn of every fork beside a thread. Those who do it all the same are
    # who these tests are for.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def run_in_child(task: Callable[[], object]) -> str:
    """Run something in a forked child; gives what it returned or raised as text."""
    reading, writing = os.pipe()
    if not (pid := os.fork()):
        try:
            text = str(task())
        except BaseException as error:  # noqa: BLE001 - told to the parent
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@contextmanager
def living_child() -> Iterator[None]:
    """A forked child that does nothing as long as the block lasts."""
    (reading, writing), (born, alive) = os.pipe(), os.pipe()
    if not (pid := os.fork()):
        os.close(writing)
        os.write(alive, b".")
        os.read(reading, 1)
        os._exit(0)
    os.read(born, 1)
    try:
        yield
    finally:
        os.close(writing)
        os.waitpid(pid, 0)
        for end in (reading, born, alive):
            os.close(end)


def send(smtp: FakeSMTP, context: ssl.SSLContext) -> None:
    """Send a message inside TLS."""
    with smtplib.SMTP_SSL("localhost", smtp.port(465), context=context) as client:
        client.login(*smtp.account)
        client.sendmail("a@example.com", ["b@example.com"], "Subject: hi\r\n\r\n")


def test_ports_are_free_when_the_parent_stops() -> None:
    """A child that lives on does not keep the ports of a server that its parent stopped."""
    with FakeSMTP() as smtp:
        ports = smtp.ports.values()
        with living_child():
            smtp.stop()
            for port in ports:
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("port", [587, 465])
def test_clients_see_the_end(port: int) -> None:
    """A connection that the parent closes is closed, though a child was forked meanwhile."""
    with FakeSMTP() as smtp:
        context = smtp.client_context() if port == 465 else None
        with RawClient(smtp.port(port), context) as client:
            client.read_reply()
            with living_child():
                assert client.ask("QUIT").startswith("221")
                assert client.read_to_end() == b""


def test_the_server_serves_on() -> None:
    """The parent's server accepts and serves while a child lives, and after it ended."""
    with FakeSMTP() as smtp:
        context = smtp.client_context()
        with living_child():
            send(smtp, context)
        send(smtp, context)
        assert len(smtp.messages) == 2


PROGRAM = """
import os, sys
from fakesmtp import FakeSMTP

with FakeSMTP() as smtp:
    folder = smtp.ca_file.parent
    for end in (sys.exit, smtp.stop):
        if not (child := os.fork()):
            end()
            os._exit(0)
        os.waitpid(child, 0)
        assert smtp.ca_file.exists()
assert not folder.exists()
"""


def test_a_child_that_exits_removes_nothing() -> None:
    """The temporary certificates stay when a child ends or stops the server, and go with it."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], check=True)


def test_a_child_sends_to_its_parent() -> None:
    """A child may ask the server where it is and whom to trust, and send; the parent gets it."""
    with FakeSMTP() as smtp:
        assert smtp.ca_file.exists()
        assert run_in_child(lambda: send(smtp, smtp.client_context())) == "None"
        assert smtp.wait_for(subject="hi").app_key == smtp.account.app_key


def test_a_child_that_waits_is_told() -> None:
    """Waiting in a child for the parent's messages is an error that names the process."""
    with FakeSMTP() as smtp:
        sentence = f"messages arrive in process {os.getpid()}, which this one was forked from"
        for wait in (smtp.wait_for, lambda: smtp.expect_none(within=1)):
            told = run_in_child(wait)
            assert told.startswith(f"{FakeSMTPError.__name__}: {sentence}")
        assert run_in_child(smtp.expect_none) == "None"


def test_a_child_without_certificates_is_told() -> None:
    """A child does not make certificates that its parent's server knows nothing of."""
    with FakeSMTP() as smtp:
        told = run_in_child(lambda: smtp.ca_file)
        assert told.startswith(CertificateError.__name__)
        assert "before forking" in told


def test_a_child_may_start_its_own() -> None:
    """A server that a child stops and starts again is its own, with ports and certificates."""
    with FakeSMTP() as smtp:
        before = smtp.ports

        def restart() -> str:
            smtp.stop()
            with smtp:
                send(smtp, smtp.client_context())
                return f"{smtp.wait_for(subject='hi').subject} {smtp.ports == before}"

        assert run_in_child(restart) == "hi False"
        assert smtp.messages == []
