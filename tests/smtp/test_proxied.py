"""Connections through a load balancer that sends PROXY protocol headers."""

from __future__ import annotations

import socket
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from loops import LOOPS
from proxy_headers import block_2, version_1, version_2
from raw_client import PATIENCE, RawClient, TlsInMemory

from fakesmtp import FakeSMTP
from fakesmtp.errors import ConfigurationError
from fakesmtp.server import engine_of
from fakesmtp.sessions import ClosedBy
from fakesmtp.smtp import proxied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.sessions import Session

CLIENT, PORT = "192.0.2.1", 51234
HEADERS = pytest.mark.parametrize(
    ("version", "header"),
    [(1, version_1(CLIENT, PORT)), (2, version_2(CLIENT, PORT)), (2, version_2("2001:db8::1", 7))],
    ids=["1", "2", "2-IPv6"],
)


@pytest.fixture(params=LOOPS)
def smtp(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """Start a server behind a load balancer on this machine, on each loop."""
    with FakeSMTP(
        ports={587: 0, 465: 0},
        accounts=[("AppKey", "SecretKey")],
        loop_factory=LOOPS[request.param],
        proxy_protocol=True,
    ) as server:
        yield server


@pytest.fixture
def ended(smtp: FakeSMTP) -> Callable[[], Session]:
    """Return a function that waits for the next session that ends."""
    ends: SimpleQueue[Session] = SimpleQueue()
    smtp.on_session_end(ends.put)
    return lambda: ends.get(timeout=PATIENCE)


def shown_address(header: bytes) -> str:
    """Return the address in EHLO for a header of these tests."""
    return "2001:db8::1" if header[13:14] == b"\x21" else CLIENT


@HEADERS
def test_the_client_of_the_header_is_the_peer(
    smtp: FakeSMTP, ended: Callable[[], Session], version: int, header: bytes
) -> None:
    """The reply to EHLO and the session have the client; the session has the load balancer too."""
    with RawClient(smtp.port(587)) as client:
        proxy = "{}:{}".format(*client.socket.getsockname())
        client.send(header)
        assert client.read_reply().startswith("220 smtp-mail.nhncloudservice.com")
        assert f" Hello me [{shown_address(header)}])" in client.ask("EHLO me")
        client.ask("QUIT")
    session = ended()
    assert session.peer in {f"{CLIENT}:{PORT}", "[2001:db8::1]:7"}
    assert session.proxy == proxy
    first = session.events[0]
    assert first.text == f"PROXY protocol header (version {version}) from {proxy}"
    assert session.closed_by is ClosedBy.QUIT


@HEADERS
def test_header_and_commands_split_byte_by_byte(
    smtp: FakeSMTP, version: int, header: bytes
) -> None:
    """The header and a command may arrive in any pieces, also together."""
    del version
    with RawClient(smtp.port(587)) as client:
        for byte in header + b"NOOP\r\n":
            client.send(bytes([byte]))
        assert [client.read_reply()[:3] for _ in range(2)] == ["220", "250"]
    with RawClient(smtp.port(587)) as client:
        client.send(header + b"EHLO me\r\n")
        assert [client.read_reply()[:3] for _ in range(2)] == ["220", "250"]


class WithHeader:
    """A socket that sends a header in one write with the first bytes of TLS."""

    def __init__(self, client: socket.socket, header: bytes) -> None:
        self._client, self._header = client, header
        self.recv = client.recv

    def sendall(self, data: bytes) -> None:
        """Send the header once, and the data."""
        self._client.sendall(self._header + data)
        self._header = b""


@HEADERS
@pytest.mark.parametrize("together", [True, False])
def test_implicit_tls_begins_after_the_header(
    smtp: FakeSMTP, version: int, header: bytes, *, together: bool
) -> None:
    """On an implicit TLS port the header comes before TLS, also together with its first bytes."""
    del version
    with socket.create_connection(("127.0.0.1", smtp.port(465)), timeout=PATIENCE) as client:
        if not together:
            client.sendall(header)
        tls = TlsInMemory(
            smtp.client_context(),
            WithHeader(client, header if together else b""),  # type: ignore[arg-type]
        )
        tls.send(b"EHLO me\r\n")
        received = b""
        while b"AUTH=LOGIN" not in received:
            received += tls.receive()
    assert f"[{shown_address(header)}])".encode() in received


@pytest.mark.parametrize(
    "header",
    [b"PROXY UNKNOWN\r\n", block_2(0x11, b"", command=0), block_2(0, b"")],
    ids=["UNKNOWN", "LOCAL", "UNSPEC"],
)
def test_header_without_a_client_keeps_the_real_address(
    smtp: FakeSMTP, ended: Callable[[], Session], header: bytes
) -> None:
    """A health check of the load balancer has the load balancer's own address."""
    with RawClient(smtp.port(587)) as client:
        proxy = "{}:{}".format(*client.socket.getsockname())
        client.send(header)
        assert client.read_reply().startswith("220")
        assert " Hello me [127.0.0.1])" in client.ask("EHLO me")
        client.ask("QUIT")
    session = ended()
    assert (session.peer, session.proxy) == (proxy, proxy)
    assert session.events[0].text.endswith(", which names no client")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"EHLO me\r\n", "the header is not valid: the SMTP command EHLO came first"),
        (b"\x16\x03\x01\0\xc8", "the header is not valid: TLS came first"),
        (b"PROXY TCP4 nonsense\r\n", "the header is not valid: its line (version 1) does not"),
        (block_2(0x11, b"\0" * 5000)[:16], "the header is not valid: it has 5,016 bytes"),
    ],
)
def test_connection_without_a_valid_header_is_closed(
    smtp: FakeSMTP, ended: Callable[[], Session], data: bytes, why: str
) -> None:
    """It is closed without a reply, and is a session whose end and diagnosis name the cause."""
    with RawClient(smtp.port(587)) as client:
        client.send(data)
        assert client.read_to_end() == b""
    session = ended()
    assert session.closed_by is ClosedBy.PROXY
    assert session.ending.startswith(f"PROXY protocol failed: {why}")
    assert "send-proxy" in session.diagnosis
    assert session.proxy is None


def test_late_header_closes_the_connection(
    monkeypatch: pytest.MonkeyPatch, smtp: FakeSMTP, ended: Callable[[], Session]
) -> None:
    """A load balancer that does not send the whole header in time is closed."""
    monkeypatch.setattr(proxied, "LONGEST_WAIT", 0.05)
    with RawClient(smtp.port(587)) as client:
        client.send(b"PROXY TCP4")
        assert client.read_to_end() == b""
    session = ended()
    assert session.closed_by is ClosedBy.PROXY
    assert "no header came in time, only 10 bytes" in session.ending


def test_client_that_leaves_before_the_header_is_recorded(
    smtp: FakeSMTP, ended: Callable[[], Session]
) -> None:
    """A connection that ends before its header is a session that says so."""
    with RawClient(smtp.port(587)) as client:
        client.send(b"PROXY")
    session = ended()
    assert session.closed_by is ClosedBy.CLIENT
    assert session.ending.endswith("before a PROXY protocol header, after 5 bytes of it")


def test_stop_ends_a_connection_without_a_header(
    smtp: FakeSMTP, ended: Callable[[], Session]
) -> None:
    """The end of the server closes connections that wait for a header."""
    with RawClient(smtp.port(587)) as client:
        client.send(b"PROXY")
        engine = engine_of(smtp)
        engine.change_terms(engine.terms)  # accepts clients that wait in the queue
        smtp.stop()
        assert client.read_to_end() == b""
    assert ended().closed_by is ClosedBy.STOP


def test_untrusted_host_is_closed_at_once() -> None:
    """A host that is not named as a load balancer cannot pretend to be another client."""
    with (
        FakeSMTP(ports={587: 0}, proxy_protocol=["192.0.2.0/24", "2001:db8::7"]) as smtp,
        RawClient(smtp.port(587)) as client,
    ):
        assert client.read_to_end() == b""
        (session,) = smtp.sessions
    assert session.ending == (
        "PROXY protocol failed: 127.0.0.1 is not a trusted load balancer (192.0.2.0/24, "
        "2001:db8::7/128)"
    )


def test_unrecorded_session_keeps_the_load_balancer() -> None:
    """A server that records no events still has the load balancer of each session."""
    options = {"ports": {587: 0}, "max_events": 0}
    with FakeSMTP(**options, proxy_protocol=True) as smtp, RawClient(smtp.port(587)) as client:
        client.send(version_1(CLIENT, PORT))
        client.read_reply()
        assert smtp.sessions[0].proxy == "{}:{}".format(*client.socket.getsockname())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("10.0.0.0/8", "proxy_protocol must be True"),
        (1, "proxy_protocol must be True"),
        ([], "proxy_protocol must not be an empty list"),
        (["10.0.0.0/99"], "'10.0.0.0/99' is not a network"),
    ],
)
def test_wrong_option_is_an_error(wrong: object, why: str) -> None:
    """A wrong value is refused with what would be right."""
    with pytest.raises(ConfigurationError, match=why):
        FakeSMTP(proxy_protocol=wrong)  # type: ignore[arg-type]
