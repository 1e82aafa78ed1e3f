"""What the recorder costs: fakesmtp with sessions recorded, not recorded, and written to files.

Exits with 1 when recording brings the rate under 0.85 of that without it. `--help` tells how.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from client import make_client
from installed import CACHE
from loads import LOADS, Load
from measure import Run, measure
from peers import Peer

if TYPE_CHECKING:
    from client import Client

_HERE = Path(__file__).parent
_ENOUGH = 0.85
#: So many mails on ten connections are all recorded: no session gets cut on the way.
_MAILS = 20_000
_LOADS = ("t1", "t1p", "t2")
OFF, ON, FILES = "not recorded", "recorded", "to files"


def main() -> int:
    """Run all variants in turn, and print the figures of each load."""
    given = _arguments()
    CACHE.mkdir(parents=True, exist_ok=True)
    client = make_client(CACHE)
    with TemporaryDirectory(prefix="fakesmtp-benchmark-") as folder:
        peers = [
            _peer(OFF, "--max-events", "0"),
            _peer(ON, "--max-events", "1000000"),
            _peer(FILES, "--max-events", "1000000", "--record-dir", folder),
        ]
        ratios = [_compare(name, peers, client, given.reps) for name in given.only]
    return 0 if min(ratios) >= _ENOUGH else 1


def _compare(name: str, peers: list[Peer], client: Client, repetitions: int) -> float:
    """Give the rate with recording as a part of the rate without."""
    load = replace(LOADS[name], count=_MAILS)
    runs: dict[str, list[Run]] = {peer.name: [] for peer in peers}
    for _ in range(repetitions):
        for peer in peers:
            runs[peer.name].append(_measure(name, load, peer, client))
    print(f"\n{load.title}")
    for kind, each in runs.items():
        rate, cpu = median(run.figure for run in each), median(run.cpu or 0.0 for run in each)
        ratio = _ratio(each, runs[OFF])
        print(f"  {kind:13}{rate:8,.0f} mails/s{cpu:8.1f} us of CPU a mail{ratio:7.2f}")
    return _ratio(runs[ON], runs[OFF])


def _ratio(runs: list[Run], others: list[Run]) -> float:
    """Compare runs that followed each other, so that a drift of the machine meets both alike."""
    pairs = zip(runs, others, strict=True)
    return median(run.figure / other.figure for run, other in pairs)


def _measure(name: str, load: Load, peer: Peer, client: Client) -> Run:
    run = measure(name, load, peer, client)
    if not run.is_good:
        raise SystemExit(f"{peer.name}: mails were lost or altered")
    return run


def _peer(name: str, *options: str) -> Peer:
    server = [sys.executable, str(_HERE / "servers" / "run_fakesmtp.py")]
    return Peer(name, lambda port, _: [*server, str(port), *options], lambda: "")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=5, help="repetitions, in turn (default: 5)")
    parser.add_argument(
        "--only", nargs="+", default=_LOADS, choices=_LOADS, metavar="LOAD", help="these loads"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
