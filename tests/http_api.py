"""A server with its HTTP API, and a client that can send any request."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.client import HTTPConnection
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from raw_client import PATIENCE, RawClient
from scenarios import KEYS

from fakesmtp import FakeSMTP
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Unpack

    from fakesmtp import ServerOptions, Session


class Answer(NamedTuple):
    """The response to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - as JSON is
        """Return the value of the JSON body."""
        return json.loads(self.body)


class Api:
    """A running server, its folder of recordings and its API."""

    def __init__(self, smtp: FakeSMTP, http: HttpServer, folder: Path) -> None:
        self.smtp = smtp
        self.http = http
        self.folder = folder
        self._ended: SimpleQueue[Session] = SimpleQueue()
        smtp.on_session_end(self._ended.put)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send one request; a body that is not bytes is sent as JSON."""
        connection = HTTPConnection("127.0.0.1", self.http.port, timeout=PATIENCE)
        try:
            content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """Send a GET request."""
        return self.ask("GET", path)

    def send_message(self) -> Session:
        """Log in, send a message, quit; return the session when it is closed."""
        with RawClient(self.smtp.port(587)) as client:
            client.log_in()
            client.begin_data()
            client.ask("Subject: x\r\n\r\nx\r\n.")
            client.ask("QUIT")
            client.read_to_end()
        return self.take_session()

    def take_session(self) -> Session:
        """Wait for the next session that ends; return it."""
        return self._ended.get(timeout=PATIENCE)

    def fail(self, *lines: bytes) -> Session:
        """Send these lines and quit; return the session when it is closed."""
        with RawClient(self.smtp.port(587)) as client:
            client.read_reply()
            for line in lines:
                client.send(line + b"\r\n")
                client.read_reply()
            client.ask("QUIT")
            client.read_to_end()
        return self.take_session()


@contextmanager
def serving(
    folder: Path, keys: tuple[str, str] = KEYS, **options: Unpack[ServerOptions]
) -> Iterator[Api]:
    """Start a server with one account and a folder of recordings, and its API on a free port."""
    settings: ServerOptions = {"accounts": [keys], "record_dir": folder, **options}
    with (
        FakeSMTP(ports={587: 0, 465: 0}, **settings) as smtp,
        HttpServer(smtp) as http,
    ):
        yield Api(smtp, http, folder)
