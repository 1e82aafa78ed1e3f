"""The page's charts: small SVG files, the same bytes for the same runs, for light and dark pages.

Nothing is drawn behind them, and every colour stands out on white and on black. Text stays text.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING

from goals import MEASURES, OURS, judge
from report import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from goals import Measure
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from results import Results

_INK, _OURS, _OTHERS, _GOAL = "#7d8590", "#3b82f6", "#8b949e", "#c47f00"
_STYLE = {
    "svg.hashsalt": "fakesmtp",  # else the names of clip paths are random
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
}
_WIDTH, _BAR_HEIGHT, _PANEL_HEIGHT = 8.0, 0.21, 0.42  # inches
_COLUMNS = 2
_ROOM_FOR_FIGURES = 1.3
_SEE_THROUGH = 0.7  # so that the range shows on the bar


@dataclass(frozen=True)
class Chart:
    """One file: a panel for each load among `loads`, of the figure `field` of its runs."""

    name: str
    title: str
    loads: Sequence[str]
    field: str = "figure"
    unit: str = ""


@dataclass(frozen=True)
class Bar:
    """One server's figures in a panel, and the goal for them if they are ours."""

    label: str
    values: Sequence[float]
    is_ours: bool = False
    goal: float | None = None
    note: str = ""


_SPEED = ("t1", "t1p", "t2", "t3", "t4", "t4tls")
CHARTS = (
    Chart("speed", "Speed of each server: mails/s and MB/s, more is better", _SPEED),
    Chart("cpu", "CPU time of each server for a mail, less is better", _SPEED, "cpu", "us of CPU"),
    Chart("memory", "Memory of a kept mail and an idle connection", ("t5", "t5big", "t7")),
    Chart("start", "Time until the first 220", ("t6",)),
    Chart("latency", "Latency of a mail beside 5,000 idle connections", ("t7",), "latency"),
    Chart("fixtures", "Time of a test that sends a mail", ("t8", "t8tls")),
)


def why_no_charts() -> str:
    """Say why no chart can be drawn here, `""` when it can."""
    return "" if find_spec("matplotlib") else "matplotlib draws the charts, and is not installed"


def draw_charts(results: Results, folder: Path) -> None:
    """Write one SVG file for each chart into `folder`."""
    import matplotlib as mpl  # noqa: PLC0415 - nothing else here needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_STYLE):
        for chart in CHARTS:
            figure = _draw(chart, results, Figure)
            figure.savefig(
                folder / f"{chart.name}.svg",
                transparent=True,
                metadata={"Date": None, "Creator": None},
            )


def _draw(chart: Chart, results: Results, make_figure: Callable[..., Figure]) -> Figure:
    panels = [(_measure(load, chart.field), _bars(load, chart, results)) for load in chart.loads]
    columns = min(_COLUMNS, len(panels))
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    heights = [_PANEL_HEIGHT + _BAR_HEIGHT * max(1, *(len(b) for _, b in row), 2) for row in rows]
    figure = make_figure(figsize=(_WIDTH, sum(heights)), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (measure, bars) in zip(grid.flat, panels, strict=False):
        _draw_panel(axes, f"{measure.name}: {chart.unit or measure.unit}", bars)
    return figure


def _measure(load: str, field: str) -> Measure:
    """Give the row of the page that names the panel."""
    fit = [measure for measure in MEASURES if measure.load == load]
    return next((measure for measure in fit if measure.field == field), fit[0])


def _bars(load: str, chart: Chart, results: Results) -> list[Bar]:
    return [_bar(load, peer, chart, results) for peer in results.peers([load])]


def _bar(load: str, peer: str, chart: Chart, results: Results) -> Bar:
    row = results.row(load, peer)
    values = (
        [value for run in row.runs if (value := getattr(run, chart.field)) is not None]
        if row
        else []
    )
    ours = [m for m in MEASURES if (m.load, m.own, m.field) == (load, peer, chart.field)]
    return Bar(
        label=peer,
        values=values,
        is_ours=peer.startswith(OURS),
        goal=_goal(ours[0], results) if ours else None,
        note="failed" if results.failure(load, peer) else "" if values else "not measured",
    )


def _goal(measure: Measure, results: Results) -> float | None:
    """Give the first goal in the panel's unit, None when its peer was not measured."""
    goal = measure.goals[0]
    if not goal.peer:
        return goal.limit
    verdict = judge(measure, goal, results)
    row = results.row(measure.load, goal.peer)
    return goal.limit * row.figure if row and verdict.ratio is not None else None


def _draw_panel(axes: Axes, title: str, bars: Sequence[Bar]) -> None:
    """Draw a bar for each server: the median with its figure, the range, and the goal."""
    axes.set_axis_on()
    axes.set_title(title, loc="left", fontsize="medium", fontweight="bold")
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars])
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    longest = max([value for bar in bars for value in (*bar.values, bar.goal or 0)], default=0) or 1
    axes.set_xlim(0, longest * _ROOM_FOR_FIGURES)
    for place, bar in enumerate(bars):
        _draw_bar(axes, place, bar, longest)
    if not bars:
        axes.text(0, 0.5, "not measured", transform=axes.transAxes)


def _draw_bar(axes: Axes, place: int, bar: Bar, longest: float) -> None:
    if not bar.values:
        axes.text(0, place, f" {bar.note}", va="center")
        return
    middle, low, high = median(bar.values), min(bar.values), max(bar.values)
    axes.barh(place, middle, 0.7, color=_OURS if bar.is_ours else _OTHERS, alpha=_SEE_THROUGH)
    axes.hlines(place, low, high, color=_INK, linewidth=1)
    if bar.goal is not None:
        axes.vlines(bar.goal, place - 0.45, place + 0.45, color=_GOAL, linewidth=2)
    end = max(middle, high, bar.goal or 0) + longest / 80
    axes.text(end, place, number(middle), va="center")
