"""What a second worker costs: `fakesmtp serve` on PostgreSQL with one and with two processes.

Run it with `python -m benchmarks.workers`; it starts Debian's PostgreSQL in a temporary folder. All
processes share one CPU, so the figures are times of the CPU, not rates: what is to scale to many
machines must not need more of it for a message. The servers take turns, each with a new database.

With as many clients for each worker as for one process, the difference is what the second worker
costs. With the same clients in total, there is also what smaller transactions cost: each worker
writes those of half the clients.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace
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


def _compare(
    environment: Environment, new_url: Callable[[], str], load: Load, repetitions: int
) -> None:
    one, two = _peer(1, new_url), _peer(2, new_url)
    twice = replace(load, connections=2 * load.connections)
    runs = {
        "one process": (one, load),
        "two workers with as many clients each": (two, twice),
        "two workers with as many clients in total": (two, load),
    }
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(repetitions):
        for name, (peer, given) in runs.items():
            times[name].append(_measure(environment, peer, given))
    print(f"\n{load.title} (goal: at most {_GOAL} times)")
    least = median(times["one process"])
    for name, values in times.items():
        cpu = median(values)
        print(f"  {name:41} {cpu:.3f} ms of CPU a message, {cpu / least:.2f} times", flush=True)


def main() -> int:
    """Print the figures; 1 when a server failed."""
    given = make_parser(__doc__).parse_args()

    def compare(environment: Environment) -> None:
        with run_server() as server:
            urls = (new_database(server, f"run_{number}") for number in count(1))
            for load in kept_connections(given.seconds):
                _compare(environment, partial(next, urls), load, given.repetitions)

    return run(compare)


if __name__ == "__main__":
    sys.exit(main())
