"""Requests whose address is not ASCII, as curl sends `?query=인증`."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

import pytest
from raw_client import PATIENCE

if TYPE_CHECKING:
    from http_api import Api

SUBJECT = "인증 번호"
MESSAGE = {
    "From": {"Email": "a@example.com"},
    "To": [{"Email": "b@example.com"}],
    "Subject": SUBJECT,
}
BODY = json.dumps(MESSAGE, ensure_ascii=False).encode()


def request(line: str, *fields: str) -> bytes:
    """Return the header of a request, nothing of it encoded."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def read_answer(connection: socket.socket) -> Any:  # noqa: ANN401 - as JSON is
    """Return the JSON of the next answer."""
    response = HTTPResponse(connection)
    response.begin()
    assert response.status == 200
    return json.loads(response.read())


@pytest.mark.parametrize("path", ["/api/v1/search?query=인증", "/api/v1/search?query=%EC%9D%B8증"])
def test_an_address_that_is_not_encoded(api: Api, path: str) -> None:
    """It is read as UTF-8; bodies and other header fields of the connection stay as they are."""
    post = request("POST /api/v1/send?from=나", "X-Name: 이름", f"Content-Length: {len(BODY)}")
    with socket.create_connection(("127.0.0.1", api.http.port), PATIENCE) as connection:
        connection.sendall(post + BODY[:30])
        connection.sendall(BODY[30:])
        read_answer(connection)
        connection.sendall(request(f"GET {path}"))
        found = read_answer(connection)["messages"]
    assert [each["Subject"] for each in found] == [SUBJECT]


def test_an_address_with_a_space(api: Api) -> None:
    """What is not HTTP is still an error."""
    with socket.create_connection(("127.0.0.1", api.http.port), PATIENCE) as connection:
        connection.sendall(request("GET /인증 번호"))
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
