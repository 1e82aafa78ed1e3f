"""Compare fakesmtp with other servers for tests: speed, memory, start. `--help` tells how."""

from __future__ import annotations

import argparse
import resource
import sys
from dataclasses import replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from client import make_client
from loads import LOADS, Kind, Load
from measure import IDLE_CONNECTIONS, Run, measure
from peers import Peer, make_peers
from report import describe_machine, print_load, print_start, save

from fakesmtp.tls import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client import Client

_CACHE = Path(__file__).parent.parent / ".cache" / "benchmarks"
_QUICK_SECONDS, _QUICK_REPETITIONS = 1.0, 2
#: Starts take little time and vary much, so they are repeated more often; memory hardly varies.
_REPETITIONS = {Kind.START: 3.0, Kind.MEMORY: 0.5, Kind.IDLE: 0.5}
_SPARE_FILES = 200


def main() -> int:
    """Run what was asked for; 1 when a server failed or a mail was lost or altered, else 0."""
    given = _arguments()
    _CACHE.mkdir(parents=True, exist_ok=True)
    _allow_many_files()
    with TemporaryDirectory(prefix="fakesmtp-benchmark-") as folder:
        certificates = CertificateFolder(Path(folder, "certificates")).ensure().path
        peers = _choose_peers(given, make_peers(certificates, given.node_modules))
        client = make_client(_CACHE)
        machine = describe_machine()
        print_start(machine, client.why_slow)
        runs: list[Run] = []
        for name in given.only:
            new = _interleave(name, _load(name, given), peers, client, given.reps)
            print_load(name, new, given.against)
            runs += new
    save(given.json, machine, runs)
    return 0 if all(run.is_good for run in runs) else 1


def _interleave(
    name: str, load: Load, peers: Sequence[Peer], client: Client, repetitions: int
) -> list[Run]:
    """Run A B C A B C, so that a drift of the machine meets all alike; who fails drops out."""
    times = ceil(repetitions * _REPETITIONS.get(load.kind, 1.0))
    fit = [peer for peer in peers if peer.takes(name, load)]
    runs = []
    for _ in range(times):
        for peer in list(fit):
            runs.append(_measure(name, load, peer, client))
            if runs[-1].failed:
                fit.remove(peer)
    return runs


def _measure(name: str, load: Load, peer: Peer, client: Client) -> Run:
    if sys.stderr.isatty():
        print(f"\r{name} {peer.name:20}\r", end="", file=sys.stderr)
    try:
        return measure(name, load, peer, client)
    except RuntimeError as error:
        return Run(load=name, peer=peer.name, failed=str(error))


def _load(name: str, given: argparse.Namespace) -> Load:
    load = LOADS[name]
    hurried = load.kind in {Kind.RATE, Kind.VOLUME}
    return replace(load, seconds=given.seconds) if hurried else load


def _choose_peers(given: argparse.Namespace, peers: dict[str, Peer]) -> list[Peer]:
    """Leave out what is not installed, and say so."""
    wanted = given.peers or list(peers)
    if unknown := [name for name in wanted if name not in peers]:
        raise SystemExit(f"no server {unknown[0]!r}; there are {', '.join(peers)}")
    chosen = []
    for peer in (peers[name] for name in wanted):
        if why := peer.missing():
            print(f"Without {peer.name}: {why}")
        else:
            chosen.append(peer)
    return chosen


def _allow_many_files() -> None:
    """Let this process, and the servers after it, have a socket for each idle connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = IDLE_CONNECTIONS + _SPARE_FILES
    if hard == resource.RLIM_INFINITY or hard >= needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _load_names(text: str) -> list[str]:
    names = _names(text)
    if unknown := [name for name in names if name not in LOADS]:
        raise argparse.ArgumentTypeError(f"no load {unknown[0]!r}; there are {', '.join(LOADS)}")
    return names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="loads:\n" + "\n".join(f"  {name:6} {load.title}" for name, load in LOADS.items()),
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="less than three minutes in all")
    add("--only", type=_load_names, default=list(LOADS), metavar="t1,t2", help="these loads")
    add("--peers", type=_names, metavar="a,b", help="these servers (default: all installed)")
    add("--reps", type=int, help="repetitions, interleaved (default: 5; quick: 2)")
    add("--seconds", type=float, help="of each run that measures speed (default: 3; quick: 1)")
    add(
        "--against",
        type=_names,
        default=["aiosmtpd", "smtp-sink"],
        metavar="a,b",
        help="print the ratio to these servers (default: aiosmtpd,smtp-sink)",
    )
    add("--node-modules", type=Path, metavar="FOLDER", help="the one that holds smtp-server")
    add("--json", type=Path, default=_CACHE / "results.json", metavar="FILE", help="every run")
    given = parser.parse_args()
    given.reps = given.reps or (_QUICK_REPETITIONS if given.quick else 5)
    given.seconds = given.seconds or (_QUICK_SECONDS if given.quick else 3.0)
    return given


if __name__ == "__main__":
    sys.exit(main())
