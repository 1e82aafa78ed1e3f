"""TLS on each loop: handshakes, alerts and close_notify."""

from __future__ import annotations

import gc
import re
import socket
import ssl
import subprocess
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from loops import LOOPS
from raw_client import PATIENCE, RawClient, TlsInMemory

from fakesmtp import FakeSMTP
from fakesmtp.server import engine_of
from fakesmtp.sessions import ClosedBy
from fakesmtp.smtp.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp import Session

HELLO = b"EHLO client.example\r\n"


@pytest.fixture
def over(smtp: FakeSMTP) -> SimpleQueue[Session]:
    """Return a queue of the sessions that have ended."""
    ended: SimpleQueue[Session] = SimpleQueue()
    smtp.on_session_end(ended.put)
    return ended


@pytest.fixture
def client(smtp: FakeSMTP) -> Iterator[socket.socket]:
    """Return a connection to the port with implicit TLS."""
    with socket.create_connection(("127.0.0.1", smtp.port(465)), PATIENCE) as made:
        yield made


def read_all(tls: TlsInMemory) -> bytes:
    """Return everything until close_notify."""
    received = bytearray()
    while more := tls.receive():
        received += more
    return bytes(received)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_commands_with_the_end_of_the_handshake_are_processed(
    smtp: FakeSMTP, client: socket.socket, version: str
) -> None:
    """A client can send the end of the handshake and its first commands in one packet."""
    context = smtp.client_context()
    context.maximum_version = getattr(ssl.TLSVersion, version)
    tls = TlsInMemory(context, client)
    tls.send(HELLO, b"QUIT\r\n")
    received = read_all(tls)
    assert received.startswith(b"220 ")
    assert b"\r\n250 " in received
    assert received.splitlines()[-1].startswith(b"221 ")


def test_close_notify_is_answered(smtp: FakeSMTP, over: SimpleQueue[Session]) -> None:
    """A client that sends close_notify gets the server's close_notify."""
    with RawClient(smtp.port(465), smtp.client_context()) as client:
        client.read_reply()
        assert isinstance(client.socket, ssl.SSLSocket)
        client.socket.unwrap().close()
    assert over.get(timeout=PATIENCE).closed_by is ClosedBy.CLIENT


def test_half_close_without_close_notify(smtp: FakeSMTP, client: socket.socket) -> None:
    """A client that only closes its sending side of TCP gets all replies and close_notify."""
    tls = TlsInMemory(smtp.client_context(), client)
    tls.send(HELLO)
    client.shutdown(socket.SHUT_WR)
    assert b"\r\n250 " in read_all(tls)


def test_plaintext_inside_tls_ends_with_an_alert(
    smtp: FakeSMTP, over: SimpleQueue[Session]
) -> None:
    """Plaintext inside TLS is not processed; the session names the cause."""
    client = RawClient(smtp.port(465), smtp.client_context())
    client.read_reply()
    assert isinstance(client.socket, ssl.SSLSocket)
    with socket.socket(fileno=client.socket.detach()) as below_tls:
        below_tls.settimeout(PATIENCE)
        below_tls.sendall(HELLO)
        session = over.get(timeout=PATIENCE)
        # In TLS 1.3 an alert record has the type of application data (RFC 8446 §5.2).
        assert below_tls.recv(1) == b"\x17"
    assert session.commands == ()
    assert session.closed_by is ClosedBy.TLS
    assert "SSL" in session.ending


def test_commands_after_quit_do_not_suppress_replies(smtp: FakeSMTP, client: socket.socket) -> None:
    """A client that sends more after QUIT gets all replies up to the 221, and close_notify."""
    tls = TlsInMemory(smtp.client_context(), client)
    tls.send(b"NOOP\r\n" * 20_000, b"QUIT\r\n", HELLO, HELLO)
    received = read_all(tls)
    assert received.splitlines()[-1].startswith(b"221 ")
    assert received.count(b"250 ") == 20_000


def test_unread_plaintext_replies_come_before_the_handshake(
    smtp: FakeSMTP, caplog: pytest.LogCaptureFixture
) -> None:
    """A client can start TLS before it has read all replies in plaintext."""
    number = 20_000
    with RawClient(smtp.port(587)) as client:
        client.send(b"NOOP\r\n" * number)
        client.send(b"STARTTLS\r\n")
        replies = [client.read_reply() for _ in range(1 + number + 1)]
        assert replies[-1].startswith("220 2.0.0")
        client.start_tls(smtp.client_context())
        assert client.ask("EHLO a").startswith("250-")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("options", "alert"),
    [
        (["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], "protocol_version"),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM8"], "handshake_failure"),
    ],
)
@pytest.mark.parametrize("starttls", [False, True])
def test_openssl_receives_the_alert(
    smtp: FakeSMTP,
    over: SimpleQueue[Session],
    options: list[str],
    alert: str,
    starttls: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """`openssl s_client` shows the alert that the server sent (`<<<`)."""
    port, how = (587, ["-starttls", "smtp"]) if starttls else (465, [])
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{smtp.port(port)}", "-msg", *how, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert re.search(rf"<<<.*Alert.*fatal {alert}", done.stdout), done.stdout
    assert over.get(timeout=PATIENCE).closed_by is ClosedBy.TLS


def let_idle_limit_pass(smtp: FakeSMTP) -> None:
    """Let the idle limit of the only connection pass now.

    A short limit could pass during the handshake, where there is no close_notify.
    """
    runner = engine_of(smtp)._runner  # noqa: SLF001 - no client can do it
    services = runner._services  # noqa: SLF001
    (connection,) = services.connections

    def let_pass() -> None:
        connection.idle_at = 0
        services.idle.watch(connection)

    runner._loop.call_soon_threadsafe(let_pass)  # noqa: SLF001


ENDINGS = {"idle": let_idle_limit_pass, "stop": FakeSMTP.stop}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_closing_by_the_server_is_close_notify(loop: str, ending: str) -> None:
    """At the idle limit and on stop the client reads close_notify, not an error."""
    with (
        FakeSMTP(ports={465: 0}, loop_factory=LOOPS[loop]) as smtp,
        socket.create_connection(("127.0.0.1", smtp.port(465)), PATIENCE) as client,
    ):
        tls = TlsInMemory(smtp.client_context(), client)
        tls.send()
        received = tls.receive()
        ENDINGS[ending](smtp)
        assert (received + read_all(tls)).startswith(b"220 ")


@pytest.mark.parametrize("loop", LOOPS)
def test_bytes_do_not_prolong_a_handshake(loop: str) -> None:
    """The idle limit also limits the handshake of a client that sends single bytes."""
    with (
        FakeSMTP(ports={465: 0}, idle_timeout=0.1, loop_factory=LOOPS[loop]) as smtp,
        RawClient(smtp.port(465)) as client,
    ):
        try:
            for byte in b"\x16\x03\x01\x40\x00\x01" + bytes(16_000):
                client.send(bytes([byte]))
        except OSError:
            pass
        client.read_to_end()
        assert smtp.sessions[0].closed_by is ClosedBy.IDLE


@pytest.mark.parametrize("port", [465, 587])
def test_connections_are_freed(smtp: FakeSMTP, over: SimpleQueue[Session], port: int) -> None:
    """A closed connection is freed without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            context = smtp.client_context() if port == 465 else None
            with RawClient(smtp.port(port), context) as client:
                client.read_reply()
            over.get(timeout=PATIENCE)
        smtp.stop()
        assert [each for each in gc.get_objects() if isinstance(each, Connection)] == []
    finally:
        gc.enable()


def hang_up(client: RawClient, smtp: FakeSMTP, how: str) -> None:
    """Start a handshake, stop at the point `how`, then close."""
    hello = ssl.MemoryBIO()
    context = smtp.client_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    data = hello.read()
    client.send({"nothing": b"", "half": data[:100], "whole": data}[how])
    if how == "whole":
        client.socket.recv(1000)
    client.socket.close()


@pytest.mark.parametrize("port", [465, 587])
@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("nothing", {465: "is it waiting for a plaintext greeting", 587: "after STARTTLS"}),
        ("half", dict.fromkeys((465, 587), "after 100 bytes, which are not a whole ClientHello")),
        ("whole", dict.fromkeys((465, 587), "does it trust the CA")),
    ],
)
def test_hanging_up_in_the_handshake_names_the_likely_cause(
    smtp: FakeSMTP, over: SimpleQueue[Session], port: int, how: str, cause: dict[int, str]
) -> None:
    """The session distinguishes silence, half a ClientHello and an untrusted certificate."""
    client = RawClient(smtp.port(port))
    if port == 587:
        client.read_reply()
        assert client.ask("STARTTLS").startswith("220")
    hang_up(client, smtp, how)
    session = over.get(timeout=PATIENCE)
    assert session.closed_by is ClosedBy.TLS
    assert cause[port] in session.ending


def test_silence_on_a_tls_port_names_the_likely_cause() -> None:
    """A client that waits for a plaintext greeting reaches the idle limit in the handshake."""
    with (
        FakeSMTP(ports={465: 0}, idle_timeout=0.05) as smtp,
        RawClient(smtp.port(465)) as client,
    ):
        client.read_to_end()
        (session,) = smtp.sessions
    assert session.closed_by is ClosedBy.IDLE
    assert "is it waiting for a plaintext greeting" in session.ending


def test_tls_on_a_plaintext_port_is_one_note(smtp: FakeSMTP, over: SimpleQueue[Session]) -> None:
    """A real client that starts TLS on port 587 causes one note, without binary garbage."""
    with pytest.raises(ssl.SSLError):
        RawClient(smtp.port(587), smtp.client_context())
    session = over.get(timeout=PATIENCE)
    assert len(session.notes) == 1
    assert "started TLS on a STARTTLS port" in session.notes[0]
    assert session.commands == ()
