"""What a second worker costs: `fakesmtp serve` on PostgreSQL with one and with two processes.

Run it with `python -m benchmarks.workers`; it starts Debian's PostgreSQL in a temporary folder. All
processes share one CPU, so the figures are times of the CPU, not rates: what is to scale to many
machines must not need more of it for a message. The servers take turns, each with a new database.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from functools import partial
from itertools import count
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.command import kept_connections, make_parser, run
from benchmarks.databases import new_database, run_server
from benchmarks.peers import Peer
from benchmarks.running import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psutil

    from benchmarks.environment import Environment
    from benchmarks.loads import Load

_WARM_UP = 500
#: The goal of two workers against one.
_GOAL = 1.15


def _peer(workers: int, new_url: Callable[[], str]) -> Peer:
    def start(programs: Path, port: str) -> list[str]:
        ports = f"25=0,587={port},2587=0,465=0,2465=0"
        return [
            *(str(programs / "fakesmtp"), "serve", "--quiet", "--no-http", "--ports", ports),
            *("--auth-required-at", "never", "--store", new_url(), "--workers", str(workers)),
        ]

    return Peer(f"{workers} workers", start, "", report=None)


def _cpu(process: psutil.Process) -> float:
    """Return the seconds of CPU time of a process and its children."""
    times = (each.cpu_times() for each in (process, *process.children(recursive=True)))
    return sum(each.user + each.system for each in times)


def _measure(environment: Environment, peer: Peer, load: Load) -> float:
    """Return the milliseconds of CPU time for each message."""
    with running(environment, peer, load) as run:
        run.send(count=_WARM_UP, seconds=60)
        begin = _cpu(run.process)
        sent = run.send(count=load.count, seconds=load.seconds)["sent"]
        return (_cpu(run.process) - begin) / sent * 1000


def _compare(environment: Environment, peers: list[Peer], load: Load, repetitions: int) -> None:
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(repetitions):
        for peer in peers:
            times[peer.name].append(_measure(environment, peer, load))
    one, two = (median(values) for values in times.values())
    print(
        f"{load.title}: {one:.3f} ms of CPU a message with one process, {two:.3f} ms with two "
        f"workers, {two / one:.2f} times (goal: at most {_GOAL})",
        flush=True,
    )


def main() -> int:
    """Print the figures; 1 when a server failed."""
    given = make_parser(__doc__).parse_args()

    def compare(environment: Environment) -> None:
        with run_server() as server:
            urls = (new_database(server, f"run_{number}") for number in count(1))
            peers = [_peer(workers, partial(next, urls)) for workers in (1, 2)]
            for load in kept_connections(given.seconds):
                _compare(environment, peers, load, given.repetitions)

    return run(compare)


if __name__ == "__main__":
    sys.exit(main())
