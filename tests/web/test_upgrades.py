"""Requests that ask for HTTP/2, as Java's client does by default."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from http_api import Api

ACCOUNTS = "/api/fakesmtp/v1/accounts"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA\r\n"


@pytest.fixture
def connection(api: Api) -> Iterator[socket.socket]:
    """Give a connection to the API."""
    with socket.create_connection(("127.0.0.1", api.http.port), timeout=PATIENCE) as each:
        yield each


def head(method: str, *fields: bytes) -> bytes:
    """Return the header of a request that asks for HTTP/2."""
    first = f"{method} {ACCOUNTS} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode()
    return first + UPGRADE + b"".join(each + b"\r\n" for each in fields) + b"\r\n"


def read_answer(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """Return the status and the JSON of the next answer."""
    response = HTTPResponse(connection)
    response.begin()
    return response.status, json.loads(response.read())


@pytest.mark.parametrize(
    ("field", "body"),
    [
        (b"Content-Length: 10", b'{"ttl": 5}'),
        (b"Transfer-Encoding: chunked", b'4\r\n{"tt\r\n6\r\nl": 5}\r\n0\r\n\r\n'),
    ],
)
@pytest.mark.parametrize("parts", [1, 2])
def test_body_is_read(connection: socket.socket, field: bytes, body: bytes, parts: int) -> None:
    """The body arrives with the header or after it; the next request on the connection too."""
    for _ in range(2):
        request = head("POST", field) + body
        cut = len(request) if parts == 1 else len(request) - len(body) + 3
        connection.sendall(request[:cut])
        connection.sendall(request[cut:])
        status, account = read_answer(connection)
        assert (status, account["ttl"]) == (201, 5)


def test_requests_without_a_body(connection: socket.socket) -> None:
    """Requests that arrive together have an answer each."""
    connection.sendall(head("GET") * 500)
    received = b""
    while received.count(b"}") < 500:
        received += connection.recv(65536)
    assert received.count(b"HTTP/1.1 200 OK") == 500


def test_wrong_request(connection: socket.socket) -> None:
    """What is not HTTP is an error, also after a request that asks for HTTP/2."""
    connection.sendall(head("POST", b"Transfer-Encoding: chunked") + b"no length\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
