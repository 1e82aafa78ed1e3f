"""`fakesmtp serve` after SIGTERM: clients may finish, and load balancers see that it drains."""

from __future__ import annotations

import http.client
import json
import signal
import smtplib
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Result, Serving

    Serve = Callable[..., Serving]


@pytest.fixture
def begun() -> Iterator[Callable[[Serving], smtplib.SMTP]]:
    """Return a function that connects a client and begins a transaction."""
    clients = []

    def begin(server: Serving) -> smtplib.SMTP:
        clients.append(smtplib.SMTP("127.0.0.1", server.ports()[1], timeout=60))
        clients[-1].login("AppKey#ad", "SecretKey")
        clients[-1].mail("from@example.com")
        return clients[-1]

    yield begin
    for client in clients:
        client.close()


def probe(page: str, path: str) -> tuple[int, bytes]:
    """Return the status and the body of a probe."""
    with closing(http.client.HTTPConnection(page.removeprefix("http://"), timeout=60)) as client:
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.read()


def test_transaction_is_finished(serve: Serve, begun: Callable[[Serving], smtplib.SMTP]) -> None:
    """SIGTERM waits for a transaction; then the client gets 421, and the server ends."""
    server = serve("--drain-timeout", "60")
    client = begun(server)
    server.process.send_signal(signal.SIGTERM)
    assert server.read_until("draining") == (
        "draining: 1 client may finish for 60 s; a second signal stops at once"
    )
    client.rcpt("to@example.com")
    assert client.data("Subject: last words\r\n\r\n")[0] == 250
    assert client.getreply()[0] == 421
    result = server.finish()
    assert (result.code, result.err) == (0, "")
    assert "last words" in result.out
    assert "stopping (SIGTERM) after 1 message" in result.out


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_stops_at_once(
    serve: Serve, begun: Callable[[Serving], smtplib.SMTP], second: signal.Signals
) -> None:
    """A second signal ends the server although a transaction is running."""
    server = serve("--json", "--drain-timeout", "3600")
    ready = json.loads(server.read_until('"ready"'))
    server.lines.append(
        f"fakesmtp is ready: SMTP on , ports "
        f"{', '.join(str(each['local_port']) for each in ready['listeners'])}"
    )
    begun(server)
    server.process.send_signal(signal.SIGTERM)
    event = json.loads(server.read_until("draining"))
    assert event == {"event": "draining", "clients": 1, "seconds": 3600.0}
    assert server.stop(second).code == 0


def test_limit_ends_it(serve: Serve, begun: Callable[[Serving], smtplib.SMTP]) -> None:
    """After --drain-timeout the server stops, and a transaction that is not finished is lost."""
    server = serve("--drain-timeout", "0.1")
    client = begun(server)
    assert server.stop(signal.SIGTERM).code == 0
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.rcpt("to@example.com")


@pytest.mark.parametrize(
    ("number", "options"), [(signal.SIGINT, ()), (signal.SIGTERM, ("--drain-timeout", "0"))]
)
def test_stop_without_draining(
    serve: Serve,
    begun: Callable[[Serving], smtplib.SMTP],
    number: signal.Signals,
    options: tuple[str, ...],
) -> None:
    """Ctrl-C, and SIGTERM with the limit 0, stop at once."""
    server = serve(*options)
    begun(server)
    result = server.stop(number)
    assert "draining:" not in result.out


def test_readiness_fails_while_draining(
    serve: Serve, begun: Callable[[Serving], smtplib.SMTP]
) -> None:
    """While it drains, /readyz is 503, so that a load balancer uses others; /livez stays 200."""
    server = serve("--http", "0", "--drain-timeout", "60")
    page = server.page()
    assert probe(page, "/readyz")[0] == 200
    client = begun(server)
    server.process.send_signal(signal.SIGTERM)
    server.read_until("draining")
    assert probe(page, "/readyz") == (503, b"draining")
    assert probe(page, "/livez")[0] == 200
    client.close()
    assert server.finish().code == 0


def test_proxy_from_needs_proxy_protocol(run: Callable[..., Result]) -> None:
    """Trusted load balancers without the PROXY protocol are an error."""
    result = run("serve", "--proxy-from", "10.0.0.0/8")
    assert result.code == 2
    assert "--proxy-from 10.0.0.0/8 needs --proxy-protocol" in result.err


def test_the_error_for_a_wrong_timeout_names_what_is_allowed(run: Callable[..., Result]) -> None:
    """0 is allowed, and the error for a negative number says so."""
    result = run("serve", "--drain-timeout", "-1")
    assert result.code == 2
    assert "'-1' is not a number of seconds from 0 to " in result.err
