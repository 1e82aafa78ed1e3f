"""T1 of `fakesmtp serve` alone, and beside 50 HTTP clients. `python -m benchmarks.beside`.

20 of the clients hold an event stream open, 15 list messages and 15 search, each again as soon as
it has waited `--pause` seconds after an answer. The clients run in a process of their own. Both
runs take turns; the table shows the median rates and their ratio.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import contextmanager, nullcontext, suppress
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep
from typing import TYPE_CHECKING

from benchmarks.command import make_parser, run
from benchmarks.environment import CACHE
from benchmarks.loads import Kind, Load
from benchmarks.peers import Peer
from benchmarks.running import free_port, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.sharedctypes import Synchronized

    from benchmarks.environment import Environment

_GOAL = 0.8
_STREAMS, _LISTS, _SEARCHES = 20, 15, 15
_LIST, _SEARCH = "/api/v1/messages", "/api/v1/search?query=subject%3Atest"
_EVENTS = "/api/fakesmtp/v1/events"
#: Like the clients of SMTP, they must not take time from the server.
_CPU = 1
#: The port of HTTP, and the seconds between two requests of a client.
Clients = tuple[int, float]


async def _ask(port: int, path: str, answered: Callable[[int], None], pause: float) -> None:
    """Send a request, wait, send it again, until cancelled."""
    while True:
        with suppress(OSError):
            await _ask_once(port, path, answered)
        await asyncio.sleep(pause)


async def _ask_once(port: int, path: str, answered: Callable[[int], None]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    while part := await reader.read(65536):
        if path == _EVENTS:
            answered(part.count(b"\nid:"))
    writer.close()
    answered(path != _EVENTS)


async def _run_clients(port: int, pause: float, answers: Synchronized[int]) -> None:
    def answered(number: int) -> None:
        answers.value += number

    paths = [*[_EVENTS] * _STREAMS, *[_LIST] * _LISTS, *[_SEARCH] * _SEARCHES]
    await asyncio.gather(*(_ask(port, path, answered, pause) for path in paths))


def _clients(port: int, pause: float, answers: Synchronized[int]) -> None:
    os.sched_setaffinity(0, {_CPU})
    asyncio.run(_run_clients(port, pause, answers))


@contextmanager
def _beside(port: int, pause: float) -> Iterator[Synchronized[int]]:
    """Run the clients during a `with` block; yield the number of their answers and events."""
    context = get_context("spawn")
    answers: Synchronized[int] = context.Value("q", 0)
    process = context.Process(target=_clients, args=(port, pause, answers), daemon=True)
    process.start()
    sleep(1)  # until all of them are connected
    try:
        yield answers
    finally:
        process.kill()
        process.join()


def _serve(store: str, folder: Path, http_port: int) -> Peer:
    path = folder / "beside.db"
    where = store if store == "memory" else f"sqlite:///{path}"

    def command(programs: Path, port: str) -> list[str]:
        path.unlink(missing_ok=True)
        return [
            *(str(programs / "fakesmtp"), "serve", "--quiet", "--auth-required-at", "never"),
            *("--ports", f"25=0,587={port},2587=0,465=0,2465=0", "--http", str(http_port)),
            *("--store", where, "--store-sync", "normal"),
        ]

    return Peer(f"fakesmtp serve, {store}", command, "", report=None)


def _run_once(
    environment: Environment, peer: Peer, load: Load, clients: Clients | None
) -> tuple[float, int]:
    """Return messages/s of a new server, and how many answers the HTTP clients got beside it."""
    with running(environment, peer, load) as run:
        run.send(count=200, seconds=0.3)
        with nullcontext() if clients is None else _beside(*clients) as answers:
            result = run.send(count=load.count, seconds=load.seconds)
            number = answers.value if answers else 0
    return result["sent"] / result["seconds"], number


def _compare(environment: Environment, peer: Peer, load: Load, clients: Clients, times: int) -> str:
    """Return a line of the table."""
    alone, beside, answers = [], [], []
    for _ in range(times):
        alone.append(_run_once(environment, peer, load, None)[0])
        rate, number = _run_once(environment, peer, load, clients)
        beside.append(rate)
        answers.append(number)
    ratio = median(beside) / median(alone)
    return (
        f"{peer.name:24} alone {median(alone):8,.0f}, beside 50 clients {median(beside):8,.0f} "
        f"messages/s, ratio {ratio:.2f} (goal {_GOAL}); {median(answers):,.0f} answers and events"
    )


def main() -> int:
    """Print the figures."""
    parser = make_parser(__doc__)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two requests")
    given = parser.parse_args()
    load = Load(Kind.SPEED, "", (), seconds=given.seconds)
    clients = free_port(), given.pause

    def compare(environment: Environment) -> None:
        with TemporaryDirectory(dir=CACHE) as folder:
            for store in ("memory", "file"):
                peer = _serve(store, Path(folder), clients[0])
                print(_compare(environment, peer, load, clients, given.repetitions), flush=True)

    return run(compare)


if __name__ == "__main__":
    sys.exit(main())
