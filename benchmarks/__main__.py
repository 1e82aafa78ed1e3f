"""Compare fakesmtp, on both event loops, with other servers; write a page with the results.

All loads take about 10 minutes and write docs/performance.md; a part of them, or --quick, write to
.cache/benchmarks.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.environment import CACHE, ROOT, MissingToolError, describe, prepare
from benchmarks.loads import LOADS
from benchmarks.measure import measure
from benchmarks.page import figures_table, goals_table, number, write_page
from benchmarks.peers import PEERS
from benchmarks.results import Results
from benchmarks.running import LoadError

if TYPE_CHECKING:
    from benchmarks.environment import Environment

_REPETITIONS, _QUICK_REPETITIONS = 5, 1


def main() -> int:
    """Run the chosen loads; return 1 if fakesmtp failed, lost or altered a message, otherwise 0."""
    given = _arguments()
    try:
        results = Results.read(given.render) if given.render else _run(given)
    except (MissingToolError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{goals_table(results)}\n\n{figures_table(results)}\n")
    print(f"The page: {write_page(results, given.out)}")
    return 1 if any(server.startswith("fakesmtp") for _, server in results.failed) else 0


def _run(given: argparse.Namespace) -> Results:
    environment = prepare()
    missing = {peer.name: peer.missing for peer in PEERS.values() if peer.missing}
    results = Results(describe(), missing)
    for name in given.loads:
        for _ in range(given.repetitions):
            _run_each_server(name, environment, results, quick=given.quick)
    return results


def _run_each_server(name: str, environment: Environment, results: Results, *, quick: bool) -> None:
    """Run a load once for each installed server."""
    load = LOADS[name].quick() if quick else LOADS[name]
    for server in load.servers:
        if server in results.missing:
            continue
        try:
            figures = measure(environment, PEERS[server], load)
        except LoadError as error:
            results.fail(name, server, str(error))
            print(f"{name} {server} failed: {error}", flush=True)
        else:
            results.add(name, server, figures)
            said = ", ".join(f"{figure} {number(value)}" for figure, value in figures.items())
            print(f"{name} {server}: {said}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:8} {load.title}" for name, load in LOADS.items()),
    )
    add = parser.add_argument
    add("loads", nargs="*", metavar="LOAD", help="loads to run (default: all)")
    add("--quick", action="store_true", help="a minute in all: smaller loads, one repetition")
    add("--repetitions", type=int, metavar="N", help="of each load (default: 5)")
    add("--out", type=Path, metavar="FOLDER", help="where the page goes")
    add("--render", type=Path, metavar="FILE", help="run nothing: make the page from results.jsonl")
    given = parser.parse_args()
    if unknown := [name for name in given.loads if name not in LOADS]:
        parser.error(f"no load {unknown[0]!r}; the loads are {', '.join(LOADS)}")
    is_full = not given.quick and not given.loads
    given.out = given.out or (ROOT / "docs" if is_full else CACHE)
    given.loads = given.loads or list(LOADS)
    given.repetitions = given.repetitions or (_QUICK_REPETITIONS if given.quick else _REPETITIONS)
    return given


if __name__ == "__main__":
    sys.exit(main())
