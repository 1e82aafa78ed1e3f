"""Several `fakesmtp serve` on one PostgreSQL database, and a database that goes away."""

from __future__ import annotations

import json
import os
import random
import smtplib
from contextlib import closing, suppress
from http.client import HTTPConnection
from itertools import count
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

import postgres
import pytest
from waiting_requests import wait_until

from fakesmtp.storage.base import all_messages
from fakesmtp.storage.opening import open_url_for_reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Serving

    Serve = Callable[..., Serving]

OWN = "/api/fakesmtp/v1"
LONG = 60.0  # seconds; a test that waits so long has failed
CLIENTS = 4
#: `make kill-test` kills twenty times.
KILLS = int(os.environ.get("FAKESMTP_TEST_KILLS", "4"))


@pytest.fixture
def url() -> str:
    """Return the address of an empty schema."""
    return postgres.new_url()


@pytest.fixture(scope="module")
def database() -> Iterator[postgres.Server]:
    """Return a server of PostgreSQL that only these tests use, to stop it."""
    postgres.find_programs()
    server = postgres.Server.make()
    yield server
    server.remove()


def ask(server: Serving, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Send a request; return status and JSON, or text."""
    connection = HTTPConnection(server.page().removeprefix("http://"), timeout=LONG)
    with closing(connection):
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        text = response.read().decode()
        is_json = "json" in response.headers.get("content-type", "")
        return response.status, json.loads(text) if is_json else text


def send(server: Serving, subject: str) -> None:
    """Send a message."""
    with smtplib.SMTP("127.0.0.1", server.ports()[1], timeout=LONG) as client:
        client.login("AppKey#ad", "SecretKey")
        text = f"Subject: {subject}\r\n\r\n인증번호\r\n".encode()
        client.sendmail("a@example.com", ["b@example.com"], text)


def subjects_in(url: str) -> list[str]:
    """Return the subjects of all stored messages."""
    with closing(open_url_for_reading(url)) as reader:
        return [row.facts.subject for row in all_messages(reader, limit=1000)]


class Stream:
    """A stream of events of a server, from a cursor on."""

    def __init__(self, server: Serving, cursor: str | None = None) -> None:
        self._connection = HTTPConnection(server.page().removeprefix("http://"), timeout=LONG)
        headers = {"Last-Event-ID": cursor} if cursor else {}
        self._connection.request("GET", f"{OWN}/events", headers=headers)
        self._response = self._connection.getresponse()

    def close(self) -> None:
        """End the stream."""
        self._response.close()
        self._connection.close()

    def _next(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while line := self._response.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields

    def _find(self, name: str) -> dict[str, str]:
        while (event := self._next()).get("event") != name:
            assert event.get("event") != "reset"
        return event

    def id_of(self, name: str) -> str:
        """Read events up to one of a name; return its cursor."""
        return self._find(name)["id"]

    def data_of(self, name: str) -> Any:  # noqa: ANN401 - as JSON is
        """Read events up to one of a name; return its data."""
        return json.loads(self._find(name)["data"])


def test_servers_see_each_other(serve: Serve, url: str) -> None:
    """A message of one server is waited for, listed, streamed and deleted at the other one."""
    one, other = (serve("--store", url, "--http", "0", "--replica", name) for name in "ab")
    with closing(Stream(one)) as stream:
        cursor = stream.id_of("ready")
    waiting: list[Any] = []
    asking = Thread(
        target=lambda: waiting.append(ask(other, "GET", f"{OWN}/wait?query=subject:x&timeout=30"))
    )
    asking.start()
    send(one, "x")
    asking.join(LONG)
    ((status, found),) = waiting
    assert (status, found["subject"]) == (200, "x")
    with closing(Stream(other, cursor)) as stream:
        assert stream.data_of("message")["id"] == found["id"]
        session = stream.data_of("session")
        assert session["message_count"] == 1
        ask(other, "DELETE", f"{OWN}/messages/{found['id']}")
        assert stream.data_of("removed") == {"ids": [found["id"]]}
    (listed,) = ask(other, "GET", f"{OWN}/sessions")[1]["sessions"]
    assert (listed["id"], listed["replica"]) == (session["id"], "a")
    assert ask(one, "GET", f"{OWN}/messages")[1]["messages"] == []
    assert ask(one, "GET", f"{OWN}/messages/{found['id']}")[0] == 404


class Clients:
    """Clients that send messages to some servers until they are told to stop.

    A client whose server is gone connects to the next one. A message counts when it got 250.
    """

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._ends = Event()
        self._changed = Event()
        self._lock = Lock()
        self._threads = [Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _run(self, client: int) -> None:
        numbers = count()
        while not self._ends.is_set():
            port = random.choice(self.ports)  # noqa: S311 - any of them
            with (
                suppress(OSError, smtplib.SMTPException),
                smtplib.SMTP("127.0.0.1", port, timeout=LONG) as connection,
            ):
                connection.login("AppKey#ad", "SecretKey")
                while not self._ends.is_set():
                    self._send(connection, f"{client}-{next(numbers)}")

    def _send(self, connection: smtplib.SMTP, subject: str) -> None:
        connection.mail("a@example.com")
        connection.rcpt("b@example.com")
        code, _ = connection.data(f"Subject: {subject}\r\n\r\nx\r\n")
        assert code in {250, 451}
        with self._lock:
            (self.acknowledged if code == 250 else self.refused).append(subject)

    def wait_for(self, more: int, replies: str = "acknowledged") -> None:
        """Wait until so many more messages got a reply."""
        wanted = len(getattr(self, replies)) + more
        for _ in range(int(LONG * 100)):
            if len(getattr(self, replies)) >= wanted:
                return
            self._changed.wait(0.01)
        pytest.fail(f"{more} more messages were not {replies}")

    def stop(self) -> None:
        """Stop all clients."""
        self._ends.set()
        for thread in self._threads:
            thread.join(LONG)


def test_killed_servers(serve: Serve, url: str) -> None:
    """After kills of one server and the other each acknowledged message is stored once."""
    running = [serve("--store", url) for _ in range(2)]
    clients = Clients([server.ports()[1] for server in running])
    for number in range(KILLS):
        clients.wait_for(30)
        killed = running[number % 2]
        killed.process.kill()
        killed.process.wait()
        running[number % 2] = serve("--store", url)
        clients.ports[number % 2] = running[number % 2].ports()[1]
    clients.wait_for(30)
    clients.stop()
    subjects = subjects_in(url)
    assert len(subjects) == len(set(subjects))
    assert set(clients.acknowledged) <= set(subjects)
    assert len(clients.acknowledged) >= KILLS * 30


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_database_is_restarted(serve: Serve, database: postgres.Server, mode: str) -> None:
    """While the database is away clients get 451 and `/readyz` fails; then all goes on.

    Nothing that got 250 is lost, nothing that got 451 is stored.
    """
    name = f"restarted_{mode}"
    database.execute(f"CREATE DATABASE {name}")
    url = database.url(name)
    server = serve("--store", url, "--http", "0")
    clients = Clients([server.ports()[1]])
    clients.wait_for(20)
    database.stop(mode)
    clients.wait_for(10, "refused")
    status, text = ask(server, "GET", "/readyz")
    assert status == 503
    assert "cannot read postgresql://" in str(text)
    database.start()
    clients.wait_for(20)
    # On a busy machine a read may still take longer than a probe waits.
    wait_until(lambda: ask(server, "GET", "/readyz") == (200, "ok"))
    clients.stop()
    send(server, "last")
    subjects = subjects_in(url)
    assert len(subjects) == len(set(subjects))
    assert set(clients.acknowledged) <= set(subjects)
    assert not set(clients.refused) & set(subjects)
    assert ask(server, "GET", f"{OWN}/wait?query=subject:last&since=0&timeout=30")[0] == 200


def test_server_without_its_database(serve: Serve, database: postgres.Server) -> None:
    """A server whose database cannot be used ends with one sentence and without the password."""
    url = database.url("no_such_database").replace("tester@", "tester:hunter2@")
    result = serve("--store", url).finish()
    assert result.code == 1
    assert 'database "no_such_database" does not exist' in result.err
    assert "hunter2" not in result.err + result.out
    assert "Traceback" not in result.err
