"""How soon messages are accepted again after PostgreSQL was restarted, under load.

`python -m benchmarks.restart` starts Debian's PostgreSQL in a temporary folder, and stops it again
and again, by turns in order and as in a crash. It fails if a message that was accepted is missing,
or is there twice.
"""

from __future__ import annotations

import argparse
import smtplib
import sys
from collections import Counter
from contextlib import suppress
from statistics import median
from threading import Event, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from benchmarks.databases import new_database, run_server
from fakesmtp import FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Clients, and seconds of load before each stop.
_CLIENTS, _BEFORE = 10, 1.0
#: Seconds after which a message that is not accepted counts as lost service.
_PATIENCE = 60.0
_GOAL = 5.0


class _Client(Thread):
    """Sends messages on one connection after the other; keeps which were accepted, and when."""

    def __init__(self, port: int, name: str, stopping: Event) -> None:
        super().__init__()
        self._port = port
        self._name = name
        self._stopping = stopping
        self._sent = 0
        self.accepted: list[tuple[str, float]] = []

    def run(self) -> None:
        """Send until stopped. A refused client connects again, as a queue does."""
        while not self._stopping.is_set():
            with suppress(smtplib.SMTPException, OSError):
                self._send_some()

    def _send_some(self) -> None:
        with smtplib.SMTP("127.0.0.1", self._port, timeout=_PATIENCE) as client:
            client.login("AppKey", "SecretKey")
            while not self._stopping.is_set():
                self._sent += 1
                subject = f"{self._name}-{self._sent}"
                text = f"Subject: {subject}\r\n\r\nx"
                client.sendmail("a@example.com", ["b@example.com"], text)
                self.accepted.append((subject, monotonic()))


def _restart(server: Any, mode: str, clients: list[_Client]) -> float:  # noqa: ANN401 - see `run_server`
    """Restart the database; return seconds until each client had a message accepted again."""
    sleep(_BEFORE)
    server.stop(mode)
    sleep(_BEFORE)
    server.start()
    begun = monotonic()
    while monotonic() - begun < _PATIENCE:
        firsts = [_first_after(client, begun) for client in clients]
        if all(firsts):
            return max(firsts) - begun
        sleep(0.05)
    raise SystemExit(f"messages were not accepted again in {_PATIENCE:.0f} seconds")


def _first_after(client: _Client, begun: float) -> float:
    """Return when the first message was accepted after a moment, 0 if none was."""
    return next((at for _, at in list(client.accepted) if at > begun), 0.0)


def _measure(server: Any, times: int) -> Iterator[tuple[str, float]]:  # noqa: ANN401 - see `run_server`
    """Yield how the database was stopped, and the seconds; then check what is stored."""
    url = new_database(server, "restarts")
    with FakeSMTP(ports={587: 0}, accounts="any", store=url) as smtp:
        stopping = Event()
        clients = [_Client(smtp.port(587), f"client{n}", stopping) for n in range(_CLIENTS)]
        for client in clients:
            client.start()
        try:
            for number in range(times):
                mode = ("fast", "immediate")[number % 2]
                yield mode, _restart(server, mode, clients)
        finally:
            stopping.set()
            for client in clients:
                client.join()
        _check(smtp, [subject for client in clients for subject, _ in client.accepted])


def _check(smtp: FakeSMTP, accepted: list[str]) -> None:
    stored = Counter(message.subject for message in smtp.messages)
    wrong = [subject for subject in accepted if stored[subject] != 1]
    if wrong:
        raise SystemExit(f"accepted, and not stored once: {wrong[:10]}")
    print(f"{len(accepted):,} messages were accepted; each is stored once")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="restarts")
    given = parser.parse_args()
    times = []
    with run_server() as server:
        for mode, seconds in _measure(server, given.times):
            times.append(seconds)
            print(f"stopped ({mode}): all clients accepted again after {seconds:.2f} s", flush=True)
    print(f"median {median(times):.2f} s, longest {max(times):.2f} s (goal {_GOAL:.0f} s)")
    return int(max(times) > _GOAL)


if __name__ == "__main__":
    sys.exit(main())
