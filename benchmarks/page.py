"""Makes docs/performance.md, with its charts, out of the runs that run.py has written.

python benchmarks/page.py                          # of .cache/benchmarks/results.json
python benchmarks/page.py results.json other.json  # a load that both have: of the last file
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charts import CHARTS, draw_charts, why_no_charts
from goals import MEASURES, OURS, Verdict, judge
from installed import CACHE
from loads import LOADS, Kind
from report import number
from results import BadResultsError, busy, read_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from goals import Measure
    from report import Row
    from results import Results, Source

_ROOT = Path(__file__).parent.parent
PAGE = _ROOT / "docs" / "performance.md"
RESULTS = CACHE / "results.json"
_ENOUGH_RUNS = 5
_FULL = 0.9
_MICRO, _PERCENT = 1e6, 100
_LONGEST_REASON = 200
_FIXTURE_LOADS = tuple(name for name, load in LOADS.items() if load.kind is Kind.FIXTURE)
_SERVER_LOADS = tuple(name for name in LOADS if name not in _FIXTURE_LOADS)
_SPEED_KINDS = {Kind.RATE, Kind.VOLUME}
#: smtp-server waits before it greets; with ten clients these loads meet that and little else.
_LOADS_THAT_GREET = ("t2", "t3", "t6", "t7")

_HEAD = """\
# Performance

Made by `benchmarks/run.py --page` out of its own runs. fakesmtp is compared with other servers that
take mail and deliver none, in the same minutes on one machine: aiosmtpd as it comes, Postfix's
`smtp-sink` (C, keeps nothing) and Nodemailer's `smtp-server`. Sessions are recorded and mails are
kept in memory, as a user has it.
"""

_LEGEND = """\
Each figure is the median of its runs. Behind it, in parentheses, stands fakesmtp's figure divided
by it: for mails/s and MB/s more than 1 is better, for bytes and milliseconds less than 1 is.
`-`: not measured. *c*: client-bound, the load client used its whole CPU, and the server could do
more; a ratio to such a server would be smaller with a faster client.
"""

_CHARTS = """\
A bar is the median of a server's runs, the thin line their range, the upright mark fakesmtp's goal.
"""

_LIMITS = """\
## Where the limit is

CPU time is that of the server process for each mail (microseconds); it does not depend on the
client. A million divided by it is what one CPU could do at most. *Busy* is the share of one CPU
that fakesmtp, and that the load client, used in the run: what is full is the limit. Behind the
others' CPU time stands theirs divided by fakesmtp's: more than 1 means that fakesmtp needs less.
"""

_METHOD = """\
## Method

- The server runs on one CPU, the load client on another; everything stays on loopback.
- Every measurement has a fresh server process, warmed up. Repetitions interleave the servers
  (A B C A B C), so that a drift of the machine meets all alike: trust ratios more than figures.
- T1, T1p, T2, T4, T5 and T7 ask for no AUTH, because the others ask for none. T3 and T4 over
  STARTTLS have the same P-256 certificate for every server, TLS 1.3 and no resumption.
- T5 and T7 are resident memory: after the load less before it, divided by mails or connections.
- T6 counts the interpreter's own start. fakesmtp is installed from its wheel, as users have it.
- T8 runs pytest in a process of its own, with one plugin; from the time of the whole process that
  of the same tests with an empty fixture is taken. It is not bound to one CPU, where a test takes a
  seventh to a third less (`taskset -c 0 pytest`; `benchmarks/fixture.py --one-cpu`).
"""

_AGAIN = """\
## Run it again

    python benchmarks/run.py --page            # all of it
    python benchmarks/run.py --quick --page    # fewer and shorter runs
    python benchmarks/page.py                  # this page again, of the last runs

`--node-modules FOLDER` names the folder that holds `smtp-server`; what else is wanted stands in
[benchmarks/README.md](../benchmarks/README.md).
"""


def main() -> int:
    """Make the page; 1 and one sentence when a file holds no results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="*", default=[RESULTS], metavar="FILE")
    parser.add_argument("--out", type=Path, default=PAGE, metavar="FILE", help="the page")
    given = parser.parse_args()
    if why := why_no_charts():
        parser.error(why)
    try:
        write_page(given.results, given.out)
    except BadResultsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def write_page(paths: Sequence[Path], out: Path) -> None:
    """Write the page and, into a folder of its name beside it, the charts.

    Raises BadResultsError when a file holds no results.
    """
    results = read_results(paths)
    folder = out.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    draw_charts(results, folder)
    out.write_text(make_page(results, folder.name), encoding="utf-8")
    print(f"The page: {out}")


def make_page(results: Results, folder: str) -> str:
    """Make the text of the page, whose charts lie in `folder`."""
    parts = [
        [_HEAD],
        _reached(results),
        ["## Servers\n", _LEGEND],
        _medians(results, _SERVER_LOADS),
        ["## Fixtures\n"],
        _medians(results, _FIXTURE_LOADS),
        _notes(results),
        [
            "## Charts\n",
            _CHARTS,
            *(f"![{chart.title}]({folder}/{chart.name}.svg)\n" for chart in CHARTS),
        ],
        [_LIMITS],
        _limits(results),
        ["## What was measured\n"],
        *(_source(source) for source in results.sources),
        [_METHOD],
        [_AGAIN],
    ]
    return "\n".join(line for part in parts for line in part)


def _reached(results: Results) -> Iterator[str]:
    """Say how many goals are reached, and which are not."""
    verdicts = [judge(measure, goal, results) for measure in MEASURES for goal in measure.goals]
    reached = sum(verdict.is_reached is True for verdict in verdicts)
    yield f"{reached} of {len(verdicts)} goals are reached in these runs.\n"
    for title, state in (("Not reached", False), ("Open", None)):
        if missed := [verdict for verdict in verdicts if verdict.is_reached is state]:
            yield f"{title}: {'; '.join(map(_name_goal, missed))}.\n"
    own = (results.row(measure.load, measure.own) for measure in MEASURES)
    if any(row and len(row.runs) < _ENOUGH_RUNS for row in own):
        yield "The goals ask for medians of five runs at least; some figures here have fewer.\n"


def _name_goal(verdict: Verdict) -> str:
    """Name a goal, and say why it is open."""
    why = f": {verdict.why_open.removeprefix('open: ')}" if verdict.why_open else ""
    return f"{verdict.measure.name} ({verdict.measure.describe(verdict.goal)}{why})"


def _medians(results: Results, loads: Sequence[str]) -> Iterator[str]:
    """Give the table of the medians of these loads."""
    measures = [measure for measure in MEASURES if measure.load in loads]
    owns = {measure.own for measure in measures}
    others = [peer for peer in results.peers(loads) if peer not in owns]
    head = ["", "measure", "unit", "runs", OURS, *others, "goal", "reached"]
    yield from _table(head, (_median_row(measure, others, results) for measure in measures))


def _median_row(measure: Measure, others: Sequence[str], results: Results) -> list[str]:
    own = results.row(measure.load, measure.own)
    verdicts = [judge(measure, goal, results) for goal in measure.goals]
    return [
        measure.name,
        measure.title,
        measure.unit,
        str(len(own.runs)) if own else "-",
        _cell(measure, measure.own, results),
        *(_cell(measure, peer, results) for peer in others),
        "<br>".join(measure.describe(verdict.goal) for verdict in verdicts),
        "<br>".join(map(str, verdicts)),
    ]


def _cell(measure: Measure, peer: str, results: Results) -> str:
    """Give a server's median; of the others also the ratio of ours to it."""
    if results.failure(measure.load, peer):
        return "failed"
    row, own = (results.row(measure.load, name) for name in (peer, measure.own))
    figure = measure.figure(row) if row else None
    if row is None or figure is None:
        return "-"
    ours = measure.figure(own) if own else None
    ratio = f" ({number(ours / figure)})" if ours and figure and peer != measure.own else ""
    return f"{number(figure)}{' *c*' if row.is_client_bound else ''}{ratio}"


def _notes(results: Results) -> Iterator[str]:
    """Say what failed, who was missing, and what the check for every mail said."""
    for load, peer in results.runs:
        if why := results.failure(load, peer):
            yield f"- **{load}, {peer} failed**: {_one_line(why)}"
    if idle := [load for load in LOADS if not results.peers([load])]:
        yield f"- **Not run: {', '.join(idle)}.**"
    for name, why in _missing(results).items():
        yield f"- Without {name}: {why}."
    if any(results.row(load, "smtp-server") for load in _LOADS_THAT_GREET):
        yield "- smtp-server waits 100 ms before it greets; T2, T3, T6 and T7's latency show that."
    checked = [run.checked for runs in results.runs.values() for run in runs]
    if True in checked and False not in checked:
        yield f"- Every mail was there, identical, in all {checked.count(True)} checked runs."
    yield ""


def _missing(results: Results) -> Mapping[str, str]:
    """Give the servers that no file has, each with the reason."""
    told = {name: why for source in results.sources for name, why in source.get("missing").items()}
    there = results.peers(LOADS)
    return {name: why for name, why in told.items() if name not in there}


def _one_line(text: str) -> str:
    """Shorten a program's complaint, so that it fits into a table or a list."""
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"


def _limits(results: Results) -> Iterator[str]:
    """Give the table of CPU time for each mail, and of what was full."""
    loads = [m for m in MEASURES if LOADS[m.load].kind in _SPEED_KINDS]
    others = [peer for peer in results.peers(m.load for m in loads) if peer != OURS]
    head = ["", "fakesmtp's CPU time", *others, "one CPU: mails/s", "busy", "client busy", "limit"]
    yield from _table(head, (_limit_row(m, others, results) for m in loads))


def _limit_row(measure: Measure, others: Sequence[str], results: Results) -> list[str]:
    own = results.row(measure.load, OURS)
    cpu = own.middle("cpu") if own else None
    server, client = (busy(own), own.middle("client_load")) if own else (None, None)
    return [
        measure.name,
        number(cpu),
        *(_cpu_cell(results.row(measure.load, peer), cpu) for peer in others),
        number(_MICRO / cpu) if cpu else "-",
        _share(server),
        _share(client),
        _name_limit(own, server),
    ]


def _cpu_cell(row: Row | None, own: float | None) -> str:
    cpu = row.middle("cpu") if row else None
    return f"{number(cpu)} ({number(cpu / own)})" if cpu and own else number(cpu)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * _PERCENT:.0f} %"


def _name_limit(row: Row | None, server: float | None) -> str:
    """Say which CPU was full."""
    if row is None or server is None:
        return "-"
    full = [
        *(["fakesmtp's CPU"] if server >= _FULL else []),
        *(["the client's CPU"] if row.is_client_bound else []),
    ]
    return " and ".join(full) or "neither CPU was full"


def _source(source: Source) -> Iterator[str]:
    """Say when, where and of what one file's runs were taken."""
    machine, method = source.get("machine"), source.get("method")
    yield f"- loads: {', '.join(source.loads)}"
    yield from _facts({"date": machine.get("time")})
    yield from _facts({name: value for name, value in machine.items() if name != "time"})
    yield from _facts(source.get("versions"))
    if "quick" in method:
        yield f"- mode: {'quick' if method['quick'] else 'full'}"
    if "seconds" in method:
        yield f"- a run that measures speed lasts {method['seconds']:g} s at most"
    if "tests" in method and set(_FIXTURE_LOADS) & set(source.loads):
        yield f"- tests in a run of a fixture: {method['tests']}"
    if method.get("one CPU"):
        yield "- The fixtures' tests were bound to one CPU, unlike what stands below."
    if method.get("slow client"):
        yield f"- The slow client was used, and limits fast servers: {method['slow client']}"
    yield ""


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    """Give what is known as one line of a list, none for nothing."""
    if known := [f"{name} {value}" for name, value in facts.items() if value not in (None, "")]:
        yield f"- {', '.join(known)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


if __name__ == "__main__":
    sys.exit(main())
