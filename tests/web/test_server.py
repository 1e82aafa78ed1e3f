"""Start and stop of the HTTP server next to the SMTP server."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from http_api import serving
from raw_client import PATIENCE

from fakesmtp import ConfigurationError, FakeSMTP, PortTakenError
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from pathlib import Path

    from http_api import Api


def test_port_in_use(api: Api) -> None:
    """The error for a port in use has port and host, and says what to do."""
    with pytest.raises(PortTakenError, match=f"port {api.http.port} on 127.0.0.1 is taken"):
        HttpServer(api.smtp, "127.0.0.1", api.http.port)


def test_a_host_of_another_machine() -> None:
    """A host that cannot be bound is an invalid option."""
    with pytest.raises(ConfigurationError, match=r"cannot listen for HTTP on 192\.0\.2\.1"):
        HttpServer(FakeSMTP(), "192.0.2.1")


def test_a_clean_stop() -> None:
    """After a stop the thread has ended and the port is free, also with an open connection."""
    with FakeSMTP(ports={587: 0}) as smtp, HttpServer(smtp) as http:
        connection = HTTPConnection("127.0.0.1", http.port, timeout=PATIENCE)
        connection.request("GET", "/livez")
        assert connection.getresponse().read() == b"ok"
    connection.close()
    assert "fakesmtp-http" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", http.port), timeout=PATIENCE)


def test_a_stop_before_the_start() -> None:
    """A server that never ran releases its port."""
    http = HttpServer(FakeSMTP())
    http.close()
    HttpServer(FakeSMTP(), port=http.port).close()


def test_ipv6() -> None:
    """The URL of an IPv6 address has brackets."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        http = HttpServer(FakeSMTP(), "::1")
    except ConfigurationError:
        pytest.skip("this machine has no ::1")
    http.close()
    assert http.url == f"http://[::1]:{http.port}"


def test_the_api_of_a_server_that_does_not_run() -> None:
    """Routes that need a running server return an error; recorded sessions can still be read."""
    with HttpServer(FakeSMTP()) as http:
        connection = HTTPConnection("127.0.0.1", http.port, timeout=PATIENCE)
        connection.request("GET", "/api/fakesmtp/v1/info")
        answer = connection.getresponse()
        assert (answer.status, b"the server is not running" in answer.read()) == (503, True)
        connection.request("GET", "/api/fakesmtp/v1/sessions")
        assert connection.getresponse().read() == b'{"sessions": [], "cursor": null}'
        connection.close()


def test_a_client_that_leaves_while_it_sends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A request whose body does not end because its client left is not an error in the log."""
    request = (
        b"POST /api/fakesmtp/v1/accounts HTTP/1.1\r\nHost: localhost\r\n"
        b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    with (
        serving(tmp_path) as api,
        socket.create_connection(("127.0.0.1", api.http.port), PATIENCE) as client,
    ):
        client.sendall(request)
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")  # it reads the body
    assert caplog.records == []
