"""Servers that keep messages in a file on disk, beside each other. `python -m benchmarks.ingest`.

Mailpit has its own settings, but for the limit of 500 messages: write-ahead log, synchronous
NORMAL. fakesmtp is `fakesmtp serve` with both settings of `--store-sync`. Each run has a new
process and a new file, and is checked: every acknowledged message is there, byte for byte.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.command import kept_connections, make_parser, run
from benchmarks.environment import CACHE
from benchmarks.loads import MAILPIT, Load
from benchmarks.measure import measure
from benchmarks.peers import PEERS, Peer
from benchmarks.servers.control import describe
from fakesmtp.storage.sqlite.store import open_reader

if TYPE_CHECKING:
    import psutil

    from benchmarks.environment import Environment

_MEMORY, _NORMAL, _FULL = "fakesmtp, memory", "fakesmtp, normal", "fakesmtp, full"


class _Files:
    """Names of new files, and which was given last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self.path = folder

    def new(self) -> str:
        self.path = self._folder / f"{next(self._numbers)}.db"
        return str(self.path)


def _peers(files: _Files) -> list[Peer]:
    mailpit = PEERS[MAILPIT]

    def start_mailpit(programs: Path, port: str) -> list[str]:
        return [*mailpit.command(programs, port), "--database", files.new()]

    def serve(sync: str, programs: Path, port: str) -> list[str]:
        ports = f"25=0,587={port},2587=0,465=0,2465=0"
        where = "memory" if sync == _MEMORY else f"sqlite:///{files.new()}"
        options = ["--store", where, "--store-sync", "normal" if sync == _NORMAL else "full"]
        return [
            *(str(programs / "fakesmtp"), "serve", "--quiet", "--ports", ports),
            *("--auth-required-at", "never", *options),
        ]

    def ask(process: psutil.Popen, port: int) -> dict[str, object]:
        del process, port
        with closing(open_reader(files.path)) as reader:
            return describe(record.raw for record in reader.get_many(reader.ids()))

    return [
        Peer(MAILPIT, start_mailpit, mailpit.missing, report=mailpit.report),
        *(Peer(name, partial(serve, name), "", report=ask) for name in (_NORMAL, _FULL)),
        Peer(_MEMORY, partial(serve, _MEMORY), "", report=None),
    ]


def _compare(environment: Environment, peers: list[Peer], load: Load, repetitions: int) -> None:
    """Print the medians of a load; the servers take turns."""
    rates: dict[str, list[float]] = defaultdict(list)
    for _ in range(repetitions):
        for peer in peers:
            rates[peer.name].append(measure(environment, peer, load)["rate"])
    print(f"\n{load.title}")
    for name, values in rates.items():
        print(f"  {name:20} {median(values):8,.0f} messages/s", flush=True)


def main() -> int:
    """Print the figures; 1 when a server lost or altered a message."""
    given = make_parser(__doc__).parse_args()

    def compare(environment: Environment) -> None:
        with TemporaryDirectory(dir=CACHE) as folder:  # on a disk, as /tmp may be in memory
            peers = [peer for peer in _peers(_Files(Path(folder))) if not peer.missing]
            for load in kept_connections(given.seconds):
                _compare(environment, peers, load, given.repetitions)

    return run(compare)


if __name__ == "__main__":
    sys.exit(main())
