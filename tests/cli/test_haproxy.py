"""HAProxy in front of the server: both versions of the PROXY protocol, health checks, draining."""

from __future__ import annotations

import signal
import smtplib
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from haproxy import run_haproxy
from raw_client import PATIENCE, RawClient

from fakesmtp import FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Serving

    from fakesmtp.sessions import Session

    Serve = Callable[..., Serving]

#: The address that clients of these tests connect from; HAProxy connects from 127.0.0.1.
CLIENT = "127.0.0.2"
GO_AWAY = 421
VERSIONS = pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])


@pytest.fixture
def haproxy(require_tool: Callable[[str], str]) -> str:
    """Return the path of HAProxy."""
    return require_tool("haproxy")


@pytest.fixture
def smtp() -> Iterator[FakeSMTP]:
    """Start a server behind a load balancer."""
    accounts = [("AppKey", "SecretKey")]
    with FakeSMTP(ports={587: 0, 465: 0}, accounts=accounts, proxy_protocol=True) as server:
        yield server


def connect(smtp: FakeSMTP, port: int, *, implicit_tls: bool) -> smtplib.SMTP:
    """Connect a client that verifies the server's certificate."""
    options = {"timeout": PATIENCE, "source_address": (CLIENT, 0)}
    context = smtp.client_context()
    if implicit_tls:
        return smtplib.SMTP_SSL("localhost", port, context=context, **options)
    client = smtplib.SMTP("localhost", port, **options)
    client.starttls(context=context)
    return client


@VERSIONS
@pytest.mark.parametrize("port", [587, 465])
def test_client_through_haproxy(
    haproxy: str, tmp_path: Path, smtp: FakeSMTP, version: str, port: int
) -> None:
    """A real client sends through HAProxy, with STARTTLS and implicit TLS, and is the peer."""
    backend = [f"server one 127.0.0.1:{smtp.port(port)} {version}"]
    with (
        run_haproxy(haproxy, tmp_path, {"smtp": backend}) as ports,
        connect(smtp, ports["smtp"], implicit_tls=port == 465) as client,
    ):
        assert f"[{CLIENT}])" in client.ehlo("me")[1].decode()
        client.login("AppKey#ad", "SecretKey")
        client.sendmail("from@example.com", ["to@example.com"], b"Subject: through\r\n\r\n")
    session = smtp.wait_for(subject="through").session
    assert session.peer.startswith(f"{CLIENT}:")
    assert (session.proxy or "").startswith("127.0.0.1:")
    assert session.tls is not None


@VERSIONS
def test_health_checks_name_no_client(
    haproxy: str, tmp_path: Path, smtp: FakeSMTP, version: str
) -> None:
    """HAProxy's own SMTP check is a session of the load balancer itself."""
    ended: SimpleQueue[Session] = SimpleQueue()
    smtp.on_session_end(ended.put)
    backend = [
        "option smtpchk EHLO checker",
        f"server one 127.0.0.1:{smtp.port(587)} {version} check inter 50ms",
    ]
    with run_haproxy(haproxy, tmp_path, {"smtp": backend}):
        session = ended.get(timeout=PATIENCE)
    assert session.peer == session.proxy
    assert session.commands[0] == "EHLO checker"


def test_haproxy_without_the_header_is_named(haproxy: str, tmp_path: Path, smtp: FakeSMTP) -> None:
    """Without send-proxy the client is disconnected, and the session says what to change."""
    ended: SimpleQueue[Session] = SimpleQueue()
    smtp.on_session_end(ended.put)
    backend = [f"server one 127.0.0.1:{smtp.port(587)}"]
    with (
        run_haproxy(haproxy, tmp_path, {"smtp": backend}) as ports,
        RawClient(ports["smtp"]) as client,
    ):
        client.send(b"EHLO me\r\n")
        assert client.read_to_end() == b""
    assert "the SMTP command EHLO came first; the load balancer must send" in ended.get().ending


def send_until(over: Event, port: int, failures: SimpleQueue[object], sent: list[int]) -> None:
    """Send messages, each on its own connection, until `over` is set."""
    while not over.is_set():
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
                client.login("AppKey#ad", "SecretKey")
                client.sendmail("from@example.com", ["to@example.com"], b"Subject: x\r\n\r\n")
            sent.append(1)
        except (OSError, smtplib.SMTPException) as error:
            # On a busy machine a client may pause for a second, and is then asked to come back.
            if getattr(error, "smtp_code", 0) != GO_AWAY:
                failures.put(error)
                return


def test_no_client_is_refused_while_one_of_two_drains(
    serve: Serve, haproxy: str, tmp_path: Path
) -> None:
    """Of two servers, one gets SIGTERM under load: no client fails, and every message is there."""
    options = ("--http", "0", "--proxy-protocol", "--store", "memory", "--drain-timeout", "60")
    servers = [serve(*options) for _ in range(2)]
    backend = ["option httpchk GET /readyz", "balance roundrobin", "timeout check 30s"]
    for number, server in enumerate(servers):
        probe = server.page().rpartition(":")[2]
        backend.append(
            f"server s{number} 127.0.0.1:{server.ports()[1]} send-proxy-v2 "
            f"check port {probe} inter 100ms fall 1 rise 1"
        )
    failures: SimpleQueue[object] = SimpleQueue()
    sent: list[int] = []
    over = Event()
    with run_haproxy(haproxy, tmp_path, {"smtp": backend}) as ports:
        threads = [
            Thread(target=send_until, args=(over, ports["smtp"], failures, sent)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for server in servers:
            server.read_until("message ")
        first = servers[0].stop(signal.SIGTERM)
        servers[1].read_until("message ")
        over.set()
        for thread in threads:
            thread.join()
    second = servers[1].stop(signal.SIGTERM)
    assert failures.empty(), failures.get()
    arrived = [count_messages(result.out) for result in (first, second)]
    assert (sum(arrived), min(arrived) > 0) == (len(sent), True)


def count_messages(output: str) -> int:
    """Return the number of messages in the last line of a server."""
    words = output.rstrip().rpartition("stopping (SIGTERM) after ")[2]
    return int(words.split()[0])
