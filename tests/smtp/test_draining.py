"""Draining: a server that is to stop accepts nothing more, and lets its clients finish."""

from __future__ import annotations

import errno
import select
import socket
import sys
from threading import Event
from typing import TYPE_CHECKING

import pytest
from loops import LOOPS
from proxy_headers import version_1
from raw_client import PATIENCE, RawClient

from fakesmtp import FakeSMTP
from fakesmtp.errors import FakeSMTPError
from fakesmtp.server import engine_of
from fakesmtp.sessions import ClosedBy
from fakesmtp.smtp import runner
from fakesmtp.smtp.late_clients import ignore_new_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOODBYE = (
    "421 4.3.2 smtp-mail.nhncloudservice.com Service not available, closing transmission channel"
)
FOREVER = 3600.0


@pytest.fixture(params=LOOPS)
def smtp(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """Start a server on each loop."""
    loop_factory = LOOPS[request.param]
    accounts = [("AppKey", "SecretKey")]
    with FakeSMTP(ports={587: 0, 465: 0}, accounts=accounts, loop_factory=loop_factory) as server:
        yield server


@pytest.fixture
def drain(smtp: FakeSMTP) -> Callable[..., Event]:
    """Return a function that begins to drain, and returns an event for its end."""

    def begin(seconds: float = FOREVER) -> Event:
        over = Event()
        engine_of(smtp).drain(seconds, over.set)
        return over

    return begin


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a client count as idle without a wait."""
    monkeypatch.setattr(runner, "QUIET", 0.0)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no client count as idle, however slow the machine is."""
    monkeypatch.setattr(runner, "QUIET", FOREVER)


def test_without_clients_it_ends_at_once(smtp: FakeSMTP, drain: Callable[..., Event]) -> None:
    """Draining a server without clients ends; new clients are refused by the system."""
    port = smtp.port(587)
    assert drain().wait(PATIENCE)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert engine_of(smtp).is_draining


@pytest.mark.usefixtures("at_once")
def test_idle_client_gets_421(smtp: FakeSMTP, drain: Callable[..., Event]) -> None:
    """A client outside a transaction gets 421 and is closed; its session says so."""
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        over = drain()
        assert client.read_reply() == GOODBYE
        assert client.read_to_end() == b""
        assert over.wait(PATIENCE)
    (session,) = smtp.sessions
    assert session.closed_by is ClosedBy.STOP
    assert str(session.replies[-1]) == GOODBYE


@pytest.mark.usefixtures("at_once")
def test_idle_client_inside_tls_gets_421(smtp: FakeSMTP, drain: Callable[..., Event]) -> None:
    """Inside TLS the reply is encrypted."""
    with RawClient(smtp.port(465), smtp.client_context()) as client:
        client.read_reply()
        client.ask("EHLO me")
        drain()
        assert client.read_reply() == GOODBYE


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("begun", ["MAIL FROM:<a@example.com>", "AUTH LOGIN"])
def test_running_transaction_may_finish(
    smtp: FakeSMTP, drain: Callable[..., Event], begun: str
) -> None:
    """A transaction or a login that has begun is finished; after it comes 421."""
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.ask("EHLO me")
        if begun == "AUTH LOGIN":
            client.ask(begun)
            over = drain()
            client.ask("QXBwS2V5")
            assert client.ask("U2VjcmV0S2V5").startswith("235")
        else:
            client.ask("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=")
            client.ask(begun)
            over = drain()
            client.ask("RCPT TO:<b@example.com>")
            client.ask("DATA")
            client.send(b"Subject: last\r\n\r\n")
            assert not over.is_set()
            assert client.ask(".") == "250 Command accepted"
        assert client.read_reply() == GOODBYE
        assert over.wait(PATIENCE)
    assert [message.subject for message in smtp.messages] == ["last"] * (begun[0] == "M")


@pytest.mark.usefixtures("never")
def test_active_client_is_not_idle(smtp: FakeSMTP, drain: Callable[..., Event]) -> None:
    """A client that has just sent something may begin a transaction."""
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        over = drain()
        client.begin_data()
        assert client.ask(".") == "250 Command accepted"
        client.ask("QUIT")
        assert over.wait(PATIENCE)
    assert len(smtp.messages) == 1


@pytest.mark.usefixtures("never")
def test_waiting_clients_are_accepted_first(smtp: FakeSMTP, drain: Callable[..., Event]) -> None:
    """A client that connected before the server drains gets its greeting."""
    clients = [RawClient(smtp.port(587)) for _ in range(20)]
    drain()
    assert {client.read_reply()[:3] for client in clients} == {"220"}
    for client in clients:
        client.socket.close()


def test_time_limit_ends_it(smtp: FakeSMTP, drain: Callable[..., Event]) -> None:
    """A client that does not finish in time does not delay the stop."""
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        assert drain(0.05).wait(PATIENCE)
        assert smtp.sessions[0].end is None
        smtp.stop()
        assert client.read_to_end() == b""
    assert smtp.sessions[0].closed_by is ClosedBy.STOP


@pytest.mark.usefixtures("at_once")
def test_stop_ends_it(smtp: FakeSMTP, drain: Callable[..., Event]) -> None:
    """A stop while it drains ends both at once, and the server can start again."""
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        over = drain()
        smtp.stop()
        assert over.wait(PATIENCE)
    with pytest.raises(FakeSMTPError, match="cannot drain"):
        engine_of(smtp).drain(1, over.set)
    smtp.start()
    assert not engine_of(smtp).is_draining
    with RawClient(smtp.port(587)) as client:
        assert client.read_reply().startswith("220")


@pytest.mark.usefixtures("never")
def test_header_of_a_load_balancer_may_still_come() -> None:
    """A connection that has just been accepted may send its PROXY protocol header."""
    with FakeSMTP(ports={587: 0}, proxy_protocol=True) as smtp, RawClient(smtp.port(587)) as client:
        engine_of(smtp).drain(FOREVER, Event().set)
        client.send(version_1("192.0.2.1", 1))
        assert client.read_reply().startswith("220")


@pytest.mark.usefixtures("at_once")
def test_silent_connections_do_not_delay_it() -> None:
    """A connection without a header, without a handshake or in a planned stall is closed."""
    with FakeSMTP(ports={587: 0, 465: 0}) as smtp:
        smtp.faults.fault("connect", "stall", port=587)
        clients = [RawClient(smtp.port(port)) for port in (587, 465)]
        over = Event()
        engine_of(smtp).drain(FOREVER, over.set)
        assert [client.read_to_end() for client in clients] == [b"", b""]
        assert over.wait(PATIENCE)
        for client in clients:
            client.socket.close()
    options = {"ports": {587: 0}, "proxy_protocol": True}
    with FakeSMTP(**options) as smtp, RawClient(smtp.port(587)) as client:
        engine_of(smtp).drain(FOREVER, Event().set)
        assert client.read_to_end() == b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can ignore handshakes")
def test_late_client_is_refused_and_not_disconnected() -> None:
    """A client that connects just before the port is closed is refused, and can try again."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        early = socket.create_connection(bound.getsockname(), PATIENCE)
        ignore_new_clients(bound)
        late = socket.socket()
        late.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        late.connect_ex(bound.getsockname())
        accepted, _ = bound.accept()
    _, is_over, _ = select.select([], [late], [], PATIENCE)
    assert is_over
    assert late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    early.sendall(b"x")
    assert accepted.recv(1) == b"x"
    for each in (early, late, accepted):
        each.close()
