"""The page: tables and a chart, made only from the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from tabulate import tabulate

from benchmarks.environment import ROOT
from benchmarks.goals import (
    GOALS,
    MEASURES,
    Goal,
    Measure,
    cpu_ratio,
    is_reached,
    more_is_better,
    value,
)
from benchmarks.loads import LOADS, OURS
from benchmarks.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.results import Results

_TEMPLATE = ROOT / "benchmarks" / "page.md"
_OTHERS = [name for name in PEERS if not name.startswith("fakesmtp")]
_CLIENT_BOUND = 0.95
_MANY = 100
_SPEED = [measure for measure in MEASURES.values() if more_is_better(measure)]

_INK, _OURS_COLOUR, _OTHERS_COLOUR = "#7d8590", "#3b82f6", "#8b949e"  # on white and on black
_STYLE = {
    "svg.hashsalt": "fakesmtp",  # the same results give the same file
    "svg.fonttype": "none",
    "font.size": 9,
    **dict.fromkeys(("text.color", "ytick.color"), _INK),
}


def write_page(results: Results, folder: Path) -> Path:
    """Write performance.md to `folder`, with results and chart in its folder performance/."""
    parts = folder / "performance"
    parts.mkdir(parents=True, exist_ok=True)
    results.save(parts / "results.jsonl")
    draw(results, parts / "speed.svg")
    page = folder / "performance.md"
    page.write_text(render(results), encoding="utf-8")
    return page


def render(results: Results) -> str:
    """Return the page as Markdown."""
    return _TEMPLATE.read_text(encoding="utf-8").format(
        goals=goals_table(results),
        figures="\n\n".join(filter(None, (figures_table(results), "\n".join(_notes(results))))),
        cpu=cpu_table(results),
        loads=_table(["", "load"], ((name, load.title) for name, load in LOADS.items())),
        about="\n".join(f"- {name}: {text}" for name, text in results.about.items()),
    )


def goals_table(results: Results) -> str:
    """Return the goals with the value of each loop."""
    rows = [[goal.measure, *_describe(goal), *_judge(goal, results)] for goal in GOALS]
    return _table(["", "what", "goal on asyncio", "on uvloop", "asyncio", "uvloop"], rows)


def _describe(goal: Goal) -> list[str]:
    measure = MEASURES[goal.measure]
    sign = "≥" if more_is_better(measure) else "≤"
    times = " or ".join(goal.against)
    what = f"{measure.unit}, times {times}" if times else measure.unit
    limits = (goal.asyncio, goal.uvloop)
    return [what, *("" if limit is None else f"{sign} {number(limit)}" for limit in limits)]


def _judge(goal: Goal, results: Results) -> Iterable[str]:
    measure = MEASURES[goal.measure]
    for limit, server in ((goal.asyncio, measure.asyncio), (goal.uvloop, measure.uvloop)):
        reached = value(goal, server, results)
        if limit is None or reached is None:
            yield "" if limit is None else "not measured"
        else:
            cpu = cpu_ratio(goal, server, results)
            by_cpu = f" ({number(cpu)})" if cpu else ""
            yield f"{number(reached)} {'✓' if is_reached(goal, limit, reached) else '✗'}{by_cpu}"


def figures_table(results: Results) -> str:
    """Return the median of every measure for every server."""
    rows = [
        [
            measure.name,
            measure.unit,
            *(
                _figure(measure, server, results)
                for server in (measure.asyncio, measure.uvloop, *_OTHERS)
            ),
        ]
        for measure in MEASURES.values()
    ]
    return _table(["", "unit", *OURS, *_OTHERS], rows)


def _figure(measure: Measure, server: str, results: Results) -> str:
    median = results.median(measure.load, server, measure.figure)
    if median is None and (measure.load, server) in results.failed:
        return "failed"
    share = results.median(measure.load, server, "client") or 0
    bound = " *" if share >= _CLIENT_BOUND else ""
    return number(median) + bound


def cpu_table(results: Results) -> str:
    """Return the server's CPU time for a message under the loads that measure speed."""
    servers = [*OURS, *_OTHERS]
    rows = [
        [m.name, *(number(results.median(m.load, server, "cpu")) for server in servers)]
        for m in _SPEED
    ]
    return _table(["", *servers], rows)


def _notes(results: Results) -> Iterable[str]:
    for (load, server), reasons in results.failed.items():
        why = " ".join(reasons[0].split())
        yield f"- **{load}: {server} failed** (runs not counted: {len(reasons)}): {why}"
    for server, why in results.missing.items():
        yield f"- Without {server}: {why}."


def number(value: float | None) -> str:
    """Return a number with three digits, or as a whole number with commas; `""` for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= _MANY else f"{value:.3g}"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return str(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def draw(results: Results, path: Path) -> None:
    """Draw a panel for each load that measures speed, a bar for each server."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        for axes, measure in zip(figure.subplots(3, 2).flat, _SPEED, strict=True):
            _draw_panel(axes, measure, results)
        figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})


def _draw_panel(axes: Axes, measure: Measure, results: Results) -> None:
    medians = {
        server: median
        for server in LOADS[measure.load].servers
        if (median := results.median(measure.load, server, measure.figure)) is not None
    }
    colours = [_OURS_COLOUR if server in OURS else _OTHERS_COLOUR for server in medians]
    bars = axes.barh(list(medians), list(medians.values()), color=colours)
    axes.bar_label(bars, [number(median) for median in medians.values()], padding=3)
    axes.set_title(f"{measure.name}, {measure.unit}", loc="left", fontsize="medium")
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
