"""Measure the time from the reply `250` to the answer of a request that waits for the message.

`python -m benchmarks.waiting` prints a table. Each request waits over HTTP before its message is
sent. Beside it, other requests wait for messages of other accounts.
"""

from __future__ import annotations

import json
import smtplib
import socket
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING

from fakesmtp import FakeSMTP
from fakesmtp.server import engine_of
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 200
#: Seconds; a request that waits longer has failed.
PATIENCE = 30
OTHERS = (0, 1_000)
_WAIT = "/api/fakesmtp/v1/wait"
_CASES = {"memory": None, "file": "sqlite:///{}/store.db"}


def ask(port: int, path: str) -> socket.socket:
    """Send a request; return its connection."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def read(connection: socket.socket) -> bytes:
    """Read a whole answer; return its body."""
    with connection, connection.makefile("rb") as file:
        return file.read().partition(b"\r\n\r\n")[2]


class _Reader(Thread):
    """Reads an answer, and notes when it was there."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self.body, self.at = b"", 0.0
        self.start()

    def run(self) -> None:
        """Read the answer."""
        self.body = read(self._connection)
        self.at = perf_counter()


def measure(store: str | None, others: int) -> list[float]:
    """Return the times of all rounds (seconds), beside so many other waits."""
    with (
        FakeSMTP(ports={587: 0}, accounts="any", store=store) as smtp,
        HttpServer(smtp) as http,
        ExitStack() as stack,
        smtplib.SMTP("127.0.0.1", smtp.port(587)) as client,
    ):
        client.login("mine", "secret")
        for number in range(others):
            stack.enter_context(ask(http.port, f"{_WAIT}?timeout=600&app_key=other{number}"))
        return list(_run(smtp, http.port, client))


def _run(smtp: FakeSMTP, port: int, client: smtplib.SMTP) -> Iterator[float]:
    newest = 0
    for _ in range(ROUNDS):
        waiting = _Reader(ask(port, f"{_WAIT}?app_key=mine&since={newest}&timeout={PATIENCE}"))
        # The answer of another request, sent later, shows that the first one waits.
        read(ask(port, f"{_WAIT}?app_key=nobody&timeout=0"))
        client.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nhello")
        accepted = perf_counter()
        waiting.join(PATIENCE)
        newest = json.loads(waiting.body)["number"]
        yield waiting.at - accepted
    assert len(engine_of(smtp).mailbox.snapshot()) == ROUNDS


def main() -> None:
    """Print the table."""
    print("| store | other waits | median, ms | 95 % below, ms |\n|---|---|---|---|")
    for name, url in _CASES.items():
        for others in OTHERS:
            with TemporaryDirectory() as folder:
                times = measure(url and url.format(Path(folder)), others)
            middle, most = median(times) * 1000, quantiles(times, n=20)[-1] * 1000
            print(f"| {name} | {others:,} | {middle:.2f} | {most:.2f} |")


if __name__ == "__main__":
    main()
