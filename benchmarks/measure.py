"""Measuring: one function for each kind of load, each with a new server process."""

from __future__ import annotations

import smtplib
import time
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.fixture import fixture
from benchmarks.loads import Kind
from benchmarks.running import HOST, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.environment import Environment
    from benchmarks.loads import Load
    from benchmarks.peers import Peer

#: Figures by name; the functions below define the names.
Figures = dict[str, float]

_WARM_UP, _WARM_UP_SECONDS = 200, 0.3
_NEW_MESSAGES, _UNHURRIED = 300, 60.0
_MEGA, _MICRO, _MILLI = 1e6, 1e6, 1e3


def measure(environment: Environment, peer: Peer, load: Load) -> Figures:
    """Measure a server once under a load; raise `LoadError` if it loses or alters a message."""
    return _MEASURES[load.kind](environment, peer, load)


def _speed(environment: Environment, peer: Peer, load: Load) -> Figures:
    """Return messages/s, MB/s, the server's CPU us for a message, the client's share of its CPU."""
    with running(environment, peer, load) as run:
        run.send(count=_WARM_UP, seconds=_WARM_UP_SECONDS)
        before = run.cpu()
        result = run.send(count=load.count, seconds=load.seconds)
        used = run.cpu() - before
        run.check()
    rate = result["sent"] / result["seconds"]
    return {
        "rate": rate,
        "volume": rate * load.size / _MEGA,
        "cpu": used / result["sent"] * _MICRO,
        "client": result["cpu"] / result["seconds"],
    }


def _memory(environment: Environment, peer: Peer, load: Load) -> Figures:
    """Return the bytes of resident memory for each message."""
    with running(environment, peer, load) as run:
        run.send(count=_WARM_UP, seconds=_WARM_UP_SECONDS)
        before = run.memory()
        sent = run.send(count=load.count, seconds=load.seconds)["sent"]
        used = run.memory() - before
        run.check()
    return {"memory": used / sent}


def _start(environment: Environment, peer: Peer, load: Load) -> Figures:
    """Return the milliseconds until the first 220: the median of `count` starts."""
    starts = []
    for _ in range(load.count):
        begun = time.perf_counter()
        with running(environment, peer, load):
            starts.append(time.perf_counter() - begun)
    return {"start": median(starts) * _MILLI}


def _idle(environment: Environment, peer: Peer, load: Load) -> Figures:
    """Return the bytes for each idle connection, and the milliseconds of a new message.

    `alone` is the latency without the idle connections, `slower` their ratio.
    """
    with running(environment, peer, load) as run:
        run.send(count=_WARM_UP, seconds=_WARM_UP_SECONDS)
        alone = run.send(count=_NEW_MESSAGES, seconds=_UNHURRIED)["latency"]
        before = run.memory()
        with _idle_connections(load.count, run.port):
            used = run.memory() - before
            beside = run.send(count=_NEW_MESSAGES, seconds=_UNHURRIED)["latency"]
        run.check()
    return {
        "memory": used / load.count,
        "latency": beside * _MILLI,
        "alone": alone * _MILLI,
        "slower": beside / alone,
    }


@contextmanager
def _idle_connections(count: int, port: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            client = smtplib.SMTP(HOST, port, local_hostname="idle.bench.example", timeout=30)
            stack.callback(client.close)
            client.ehlo()
        yield


_MEASURES: dict[Kind, Callable[[Environment, Peer, Load], Figures]] = {
    Kind.SPEED: _speed,
    Kind.MEMORY: _memory,
    Kind.START: _start,
    Kind.IDLE: _idle,
    Kind.FIXTURE: fixture,
}
