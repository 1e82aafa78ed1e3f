"""One measurement: a fresh server, a load, figures. A table names the function for each kind."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from idle import held
from loads import Kind, Load
from mails import Mail
from processes import Server, free_port, running

if TYPE_CHECKING:
    from collections.abc import Callable

    from client import Client
    from peers import Peer

IDLE_CONNECTIONS = 5_000
_MICRO, _MILLI, _MEGA = 1e6, 1e3, 1e6


@dataclass(frozen=True)
class Run:
    """What one measurement gave.

    `figure` is in the unit of the load's kind. `cpu` is the server's time for each mail
    (microseconds), which does not depend on the client. `client_load` is the share of one CPU that
    the client used: near 1, the client was the limit. `latency` and `latency_p99` are in
    milliseconds; `latency_alone` is that without the idle connections. `checked`: every mail sent
    was there afterwards, identical; None for a server that keeps none. `failed` says why there are
    no figures.
    """

    load: str
    peer: str
    figure: float = math.nan
    cpu: float | None = None
    client_load: float | None = None
    latency: float | None = None
    latency_p99: float | None = None
    latency_alone: float | None = None
    checked: bool | None = None
    failed: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether the server did what it had to."""
        return not self.failed and self.checked is not False

    def as_json(self) -> dict[str, Any]:
        """Give what is known."""
        unknown = (None, math.nan)
        return {name: value for name, value in asdict(self).items() if value not in unknown}


class Session:
    """One server under one load: warmed up, loaded, checked."""

    def __init__(self, server: Server, load: Load, client: Client) -> None:
        self.server, self.load, self._client = server, load, client
        self.sent = 0
        self.send(load.warm_up)

    def send(self, count: int, seconds: float = 60.0) -> dict[str, Any]:
        """Send the next mails: `count`, or as many as `seconds` allow."""
        sent = self._client.send(
            self.load, self.server.port, first=self.sent, count=count, seconds=seconds
        )
        self.sent += sent["sent"]
        return sent

    def check(self, peer: Peer) -> bool | None:
        """Whether every mail that was sent is kept, identical, and nothing else is."""
        if not peer.keeps:
            return None
        expected = {
            "count": self.sent,
            "digest": Mail.of_size(self.load.size).digest(range(self.sent)),
        }
        return self.server.report() == expected


def measure(name: str, load: Load, peer: Peer, client: Client) -> Run:
    """Start the server, put it under the load, end it."""
    return _MEASURES[load.kind](name, load, peer, client)


def _rate(name: str, load: Load, peer: Peer, client: Client) -> Run:
    port = free_port()
    with running(peer.command(port, load), port) as server:
        session = Session(server, load, client)
        before = server.cpu()
        sent = session.send(load.count, load.seconds)
        after = server.cpu()
        used = None if before is None or after is None else after - before
        rate = sent["sent"] / sent["seconds"]
        return Run(
            load=name,
            peer=peer.name,
            figure=rate * load.size / _MEGA if load.kind is Kind.VOLUME else rate,
            cpu=None if used is None else used / sent["sent"] * _MICRO,
            client_load=sent["client_cpu"] / sent["seconds"],
            latency=sent["p50"] * _MILLI,
            latency_p99=sent["p99"] * _MILLI,
            checked=session.check(peer),
        )


def _memory(name: str, load: Load, peer: Peer, client: Client) -> Run:
    port = free_port()
    with running(peer.command(port, load), port) as server:
        session = Session(server, load, client)
        before = server.memory() or 0
        session.send(load.count, load.seconds)
        figure = ((server.memory() or 0) - before) / load.count
        return Run(load=name, peer=peer.name, figure=figure, checked=session.check(peer))


def _start(name: str, load: Load, peer: Peer, client: Client) -> Run:
    del client
    port = free_port()
    begun = time.perf_counter()
    server = Server(peer.command(port, load), port)
    try:
        milliseconds = (server.wait_until_greeting() - begun) * _MILLI
    finally:
        server.stop()
    return Run(load=name, peer=peer.name, figure=milliseconds)


def _idle(name: str, load: Load, peer: Peer, client: Client) -> Run:
    port = free_port()
    with running(peer.command(port, load), port) as server:
        session = Session(server, load, client)
        alone = session.send(load.count)
        before = server.memory() or 0
        with held(IDLE_CONNECTIONS, port):
            figure = ((server.memory() or 0) - before) / IDLE_CONNECTIONS
            beside = session.send(load.count)
        return Run(
            load=name,
            peer=peer.name,
            figure=figure,
            latency=beside["p50"] * _MILLI,
            latency_p99=beside["p99"] * _MILLI,
            latency_alone=alone["p50"] * _MILLI,
            checked=session.check(peer),
        )


_MEASURES: dict[Kind, Callable[[str, Load, Peer, Client], Run]] = {
    Kind.RATE: _rate,
    Kind.VOLUME: _rate,
    Kind.MEMORY: _memory,
    Kind.START: _start,
    Kind.IDLE: _idle,
}
