"""A forked child does not disturb the server of its parent."""

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
    # Python 3.12 and newer warn of a fork in a process with threads. These tests are for programs
    # that fork anyway.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def run_in_child(task: Callable[[], object]) -> str:
    """Run a task in a forked child; return its result or its error as text."""
    reading, writing = os.pipe()
    if not (pid := os.fork()):
        try:
            text = str(task())
        except BaseException as error:  # noqa: BLE001 - sent to the parent
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@contextmanager
def living_child() -> Iterator[None]:
    """Fork a child that does nothing until the end of the block."""
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
    """A running child does not keep the ports of a server that its parent stopped."""
    with FakeSMTP() as smtp:
        ports = smtp.ports.values()
        with living_child():
            smtp.stop()
            for port in ports:
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("port", [587, 465])
def test_clients_see_the_end(port: int) -> None:
    """A connection that the parent closes is closed, although a child was forked before."""
    with FakeSMTP() as smtp:
        context = smtp.client_context() if port == 465 else None
        with RawClient(smtp.port(port), context) as client:
            client.read_reply()
            with living_child():
                assert client.ask("QUIT").startswith("221 2.0.0 ")
                assert client.read_to_end() == b""


def test_server_works_after_a_fork() -> None:
    """The parent's server accepts messages while a child runs, and after the child ended."""
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


def test_exit_of_a_child_removes_no_files() -> None:
    """A child that exits or stops the server keeps the temporary files; the parent removes them."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], check=True)


def test_child_sends_to_its_parent() -> None:
    """A child can read the server's address and CA and send; the parent gets the message."""
    with FakeSMTP() as smtp:
        assert smtp.ca_file.exists()
        assert run_in_child(lambda: send(smtp, smtp.client_context())) == "None"
        assert smtp.wait_for(subject="hi").app_key == smtp.account.app_key


def test_waiting_in_a_child_is_an_error() -> None:
    """The error of a child that waits for the parent's messages names the process."""
    with FakeSMTP() as smtp:
        sentence = f"messages arrive in process {os.getpid()}, which this one was forked from"
        for wait in (smtp.wait_for, lambda: smtp.expect_none(within=1)):
            error = run_in_child(wait)
            assert error.startswith(f"{FakeSMTPError.__name__}: {sentence}")
        assert run_in_child(smtp.expect_none) == "None"


def test_child_without_certificates_is_an_error() -> None:
    """A child does not create certificates that its parent's server does not have."""
    with FakeSMTP() as smtp:
        error = run_in_child(lambda: smtp.ca_file)
        assert error.startswith(CertificateError.__name__)
        assert "before forking" in error


def test_child_can_restart_the_server() -> None:
    """A server that a child stops and starts is the child's own, with its own ports and CA."""
    with FakeSMTP() as smtp:
        before = smtp.ports

        def restart() -> str:
            smtp.stop()
            with smtp:
                send(smtp, smtp.client_context())
                return f"{smtp.wait_for(subject='hi').subject} {smtp.ports == before}"

        assert run_in_child(restart) == "hi False"
        assert smtp.messages == []
