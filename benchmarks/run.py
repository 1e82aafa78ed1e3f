"""Compare fakesmtp with other servers for tests: speed, memory, start, fixtures.

`--page` makes docs/performance.md of it, with charts; page.py does that for runs of before.
"""

from __future__ import annotations

import argparse
import resource
import sys
from dataclasses import replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from charts import why_no_charts
from client import make_client
from fixture import FIXTURES, TESTS_A_RUN
from fixture import measure as measure_fixtures
from installed import CACHE, make_environment
from loads import LOADS, Kind, Load
from measure import IDLE_CONNECTIONS, Run, measure
from page import PAGE, write_page
from peers import Peer, make_peers
from report import describe_machine, print_load, print_start, save
from versions import describe_versions

from fakesmtp.tls import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from client import Client

_QUICK_SECONDS, _QUICK_REPETITIONS, _QUICK_TESTS = 1.0, 2, 100
#: Starts take little time and vary much, so they are repeated more often.
_REPETITIONS = {Kind.START: 3.0}
#: Memory hardly varies.
_QUICKLY = {**_REPETITIONS, Kind.MEMORY: 0.5, Kind.IDLE: 0.5}
_SPARE_FILES = 200


def main() -> int:
    """Run what was asked for; 1 when a server failed or a mail was lost or altered, else 0."""
    given = _arguments()
    CACHE.mkdir(parents=True, exist_ok=True)
    _allow_many_files()
    programs = make_environment(CACHE)
    with TemporaryDirectory(prefix="fakesmtp-benchmark-") as folder:
        certificates = CertificateFolder(Path(folder, "certificates")).ensure().path
        known = make_peers(certificates, given.node_modules, programs)
        peers, missing = _choose_peers(given, known)
        client = make_client(CACHE)
        about = _describe(given, client, missing)
        print_start(about["machine"], client.why_slow)
        runs: list[Run] = []
        for name in given.only:
            load = _load(name, given)
            if load.kind is Kind.FIXTURE:
                new = _fixtures(name, load, programs / "python", given)
                print_load(name, new, FIXTURES[1:])
            else:
                new = _interleave(name, load, peers, client, given)
                print_load(name, new, given.against)
            runs += new
    save(given.json, about, runs)
    if given.page:
        write_page([given.json], given.page)
    return 0 if all(run.is_good for run in runs) else 1


def _describe(
    given: argparse.Namespace, client: Client, missing: Mapping[str, str]
) -> dict[str, Any]:
    """Say what the figures hold for: where, how, of what, and without whom."""
    method = {"quick": given.quick, "seconds": given.seconds, "tests": given.tests}
    return {
        "machine": describe_machine(),
        "method": {**method, "slow client": client.why_slow},
        "versions": describe_versions(given.node_modules),
        "missing": missing,
    }


def _fixtures(name: str, load: Load, python: Path, given: argparse.Namespace) -> list[Run]:
    wanted = [each for each in FIXTURES if not given.peers or each.split(",")[0] in given.peers]
    timings = measure_fixtures(
        given.tests, given.reps, tls=load.secure, python=python, wanted=wanted
    )
    return timings.as_runs(name)


def _interleave(
    name: str, load: Load, peers: Sequence[Peer], client: Client, given: argparse.Namespace
) -> list[Run]:
    """Run A B C A B C, so that a drift of the machine meets all alike; who fails drops out."""
    factors = _QUICKLY if given.quick else _REPETITIONS
    times = ceil(given.reps * factors.get(load.kind, 1.0))
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


def _choose_peers(
    given: argparse.Namespace, peers: dict[str, Peer]
) -> tuple[list[Peer], dict[str, str]]:
    """Leave out what is not installed, and say why: to the reader and in the second value."""
    known = [*peers, *(name for name in FIXTURES[:-1] if name not in peers)]
    wanted = given.peers or list(peers)
    if unknown := [name for name in wanted if name not in known]:
        raise SystemExit(f"no server {unknown[0]!r}; there are {', '.join(known)}")
    chosen = [peers[name] for name in wanted if name in peers]
    missing = {peer.name: why for peer in chosen if (why := peer.missing())}
    for name, why in missing.items():
        print(f"Without {name}: {why}")
    return [peer for peer in chosen if peer.name not in missing], missing


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
    add("--json", type=Path, default=CACHE / "results.json", metavar="FILE", help="every run")
    add(
        "--page",
        type=Path,
        nargs="?",
        const=PAGE,
        metavar="FILE",
        help="make a page with charts of it (default: docs/performance.md)",
    )
    given = parser.parse_args()
    if given.page and (why := why_no_charts()):
        parser.error(why)
    given.reps = given.reps or (_QUICK_REPETITIONS if given.quick else 5)
    given.tests = _QUICK_TESTS if given.quick else TESTS_A_RUN
    given.seconds = given.seconds or (_QUICK_SECONDS if given.quick else 3.0)
    return given


if __name__ == "__main__":
    sys.exit(main())
