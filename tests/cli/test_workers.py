"""`fakesmtp serve --workers`: several processes on the same ports, one log, one end."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import postgres
import pytest
from raw_client import PATIENCE, RawClient

from fakesmtp.storage.base import all_sessions
from fakesmtp.storage.opening import open_url_for_reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Result, Serving

    Serve = Callable[..., Serving]

#: Runs the command line without the rule that workers need PostgreSQL: each has its own memory.
UNCHECKED = """
import sys
from fakesmtp.cli import main, workers
workers.check_workers = lambda settings: None
sys.exit(main())
"""
TWO = ("--workers", "2", "--store", "memory")


@pytest.fixture
def serve_two(serve: Serve) -> Serve:
    """Return a function that starts two workers which store in memory."""
    return partial(serve, *TWO, program=(sys.executable, "-c", UNCHECKED))


def children_of(server: Serving) -> list[int]:
    """Return the process ids of the workers, oldest first."""
    pid = server.process.pid
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def send_until_seen(server: Serving, send: Callable[..., None], worker: int) -> str:
    """Send messages until one is reported by this worker; return the line."""
    while True:
        send(server.ports()[1], subject="to any worker")
        line = server.read_until("to any worker")
        if line.startswith(f"[{worker}] "):
            return line


def wait_until_refused(port: int) -> None:
    """Connect until nobody listens any more."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue


def test_both_workers_take_clients(serve_two: Serve, send: Callable[..., None]) -> None:
    """There is one start report; clients reach both workers, whose lines have their number."""
    server = serve_two()
    server.ports()
    assert sum("fakesmtp behaves like" in line for line in server.lines) == 1
    for worker in (1, 2):
        send_until_seen(server, send, worker)
    result = server.stop(signal.SIGTERM)
    assert (result.code, result.err) == (0, "")
    for worker in (1, 2):
        assert f"[{worker}] stopping (SIGTERM) after " in result.out


def test_json_has_the_worker(serve_two: Serve, send: Callable[..., None]) -> None:
    """Each JSON object of a worker has its number; the ready event is there once, without."""
    server = serve_two("--json")
    ready = json.loads(server.read_until('"ready"'))
    assert "worker" not in ready
    send(ready["listeners"][1]["local_port"])
    message = json.loads(server.read_until('"message"'))
    assert message["worker"] in {1, 2}
    assert message["subject"] == "hello"


def test_worker_that_dies_is_started_again(serve_two: Serve, send: Callable[..., None]) -> None:
    """A killed worker is reported and started again; the other one serves meanwhile."""
    server = serve_two()
    server.ports()
    first, second = children_of(server)
    os.kill(first, signal.SIGKILL)
    assert server.process.stderr is not None
    ended = server.process.stderr.readline()
    number = int(ended.split("worker ")[1][0])
    assert ended == (
        f"fakesmtp: warning: worker {number} ended by SIGKILL; it is started again in 0.5 s\n"
    )
    send_until_seen(server, send, number)
    assert second in children_of(server)
    assert server.stop(signal.SIGINT).code == 0


def test_all_workers_drain(serve_two: Serve) -> None:
    """After SIGTERM, transactions at all workers are finished before the end."""
    server = serve_two("--drain-timeout", "60")
    with ExitStack() as stack:
        clients = [
            stack.enter_context(closing(smtplib.SMTP("127.0.0.1", server.ports()[1])))
            for _ in range(8)
        ]
        for client in clients:
            client.login("AppKey#ad", "SecretKey")
            client.mail("from@example.com")
        server.process.send_signal(signal.SIGTERM)
        server.read_until("draining")
        for client in clients:
            client.rcpt("to@example.com")
            assert client.data("Subject: last\r\n\r\n")[0] == 250
            client.quit()
    result = server.finish()
    assert (result.code, result.err) == (0, "")
    assert "\n".join([*server.lines, result.out]).count('"last"') >= 8


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
def test_stop_at_once(serve_two: Serve, signals: list[signal.Signals]) -> None:
    """Ctrl-C, or a second SIGTERM, ends all workers although a transaction is running."""
    server = serve_two("--drain-timeout", "3600")
    with closing(smtplib.SMTP("127.0.0.1", server.ports()[1])) as client:
        client.login("AppKey#ad", "SecretKey")
        client.mail("from@example.com")
        for number in signals[:-1]:
            server.process.send_signal(number)
            server.read_until("draining")
        assert server.stop(signals[-1]).code == 0


def test_workers_end_with_their_supervisor(serve_two: Serve) -> None:
    """When the supervisor is killed, its workers stop, so that the ports are free."""
    server = serve_two()
    port = server.ports()[1]
    server.process.kill()
    wait_until_refused(port)


def test_worker_that_cannot_start_ends_everything(serve_two: Serve, tmp_path: Path) -> None:
    """An error at the start is printed, and ends all workers with the exit code of an error."""
    file = tmp_path / "file"
    file.touch()
    result = serve_two("--record-dir", str(file)).finish()
    assert result.code == 1
    assert f"] cannot keep recordings in {file}" in result.err


def test_page_is_served_by_the_workers(serve_two: Serve) -> None:
    """All workers serve the page at the same address, which is announced once."""
    server = serve_two("--http", "0")
    page = server.page()
    assert sum("accessible via" in line for line in server.lines) == 1
    for _ in range(8):
        with RawClient(int(page.rpartition(":")[2])) as client:
            client.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert client.read_line() == b"HTTP/1.1 200 OK"


def test_taken_port_is_an_error(serve: Serve, serve_two: Serve) -> None:
    """A port of another server, also of one with workers, is not shared by accident."""
    port = serve_two().ports()[1]
    for second in (serve, serve_two):
        result = second("--ports", f"587={port}").finish()
        assert result.code != 0
        assert f"port {port} on 127.0.0.1 is taken" in result.err


@pytest.fixture
def database() -> str:
    """Return the address of a new database."""
    return postgres.new_url()


@pytest.fixture
def serve_shared(serve: Serve, database: str) -> Serve:
    """Return a function that starts two workers on a new database."""
    return partial(serve, "--workers", "2", "--http", "0", "--store", database)


def read_json(page: str, path: str) -> Any:  # noqa: ANN401 - as JSON is
    """Send a request on a new connection, which reaches any worker; return the value."""
    while True:
        with (
            suppress(ConnectionRefusedError),  # all workers are being started again
            closing(HTTPConnection(page.removeprefix("http://"), timeout=PATIENCE)) as client,
        ):
            client.request("GET", f"/api/fakesmtp/v1/{path}")
            return json.loads(client.getresponse().read())


def test_workers_share_a_database(
    serve_shared: Serve, database: str, send: Callable[..., None]
) -> None:
    """Messages of all workers are in one list, and a wait at any of them sees the next one."""
    server = serve_shared("--replica", "web")
    page, port = server.page(), server.ports()[1]
    for number in range(12):
        send(port, subject=f"message {number}")
    for _ in range(6):
        listed = read_json(page, "messages?limit=50")
        assert listed["count"] == 12
    with ThreadPoolExecutor() as pool:
        waits = [
            pool.submit(read_json, page, "wait?query=subject:awaited&timeout=20") for _ in range(6)
        ]
        send(port, subject="awaited")
        found = {wait.result()["id"] for wait in waits}
    assert len(found) == 1
    result = server.stop(signal.SIGTERM)
    assert (result.code, result.err) == (0, "")
    with closing(open_url_for_reading(database)) as store:
        assert {row.record.replica for row in all_sessions(store)} <= {"web-1", "web-2"}


def test_no_acknowledged_message_is_lost_with_a_worker(
    serve_shared: Serve, send: Callable[..., None]
) -> None:
    """Workers are killed under load: every message with a 250 is there, and once."""
    server = serve_shared()
    page, port = server.page(), server.ports()[1]
    over, acknowledged = Event(), []

    def load(client: int) -> None:
        for number in count():
            if over.is_set():
                return
            with suppress(OSError, smtplib.SMTPException):
                send(port, subject=f"load {client}-{number}")
                acknowledged.append(f"load {client}-{number}")

    assert server.process.stderr is not None
    with ThreadPoolExecutor() as pool:
        loads = [pool.submit(load, client) for client in range(4)]
        for _ in range(2):
            server.read_until("load")
            os.kill(children_of(server)[0], signal.SIGKILL)
            assert "it is started again" in server.process.stderr.readline()
        over.set()
        for each in loads:
            each.result()
    subjects = [each["subject"] for each in read_json(page, "messages?limit=1000")["messages"]]
    assert set(acknowledged) <= set(subjects)
    assert len(subjects) == len(set(subjects))
    assert server.stop(signal.SIGINT).code == 0


def test_exit_after_is_refused(run: Callable[..., Result]) -> None:
    """A number of messages after which one process ends makes no sense for several."""
    store = "postgresql://nobody@localhost/none"
    result = run("serve", "--workers", "2", "--store", store, "--exit-after", "5")
    assert result.code == 2
    assert "--exit-after counts the messages of one process" in result.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--store", "memory"), "--workers 2 needs a store that several processes can write: give"),
        (("--store", "sqlite:///messages.db"), "give --store postgresql://USER@HOST/DATABASE"),
        ((), "give --store postgresql://USER@HOST/DATABASE"),
    ],
)
def test_store_of_one_process_is_refused(
    run: Callable[..., Result], options: tuple[str, ...], why: str
) -> None:
    """Memory and SQLite are refused in one sentence that says what would be right."""
    result = run("serve", "--workers", "2", *options)
    assert result.code == 2
    assert why in result.err
    assert result.err.count("\n") == 1
