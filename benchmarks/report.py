"""The result: medians and ratios as a table to read, every run as JSON to keep."""

from __future__ import annotations

import json
import os
import platform
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from loads import LOADS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from measure import Run

_CLIENT_WAS_THE_LIMIT = 0.95
_COLUMNS = ("server", "median", "min - max", "CPU us", "ms p50", "p99", "checked")
_MANY = 100


@dataclass(frozen=True)
class Row:
    """The runs of one server under one load, together."""

    runs: Sequence[Run]

    @property
    def peer(self) -> str:
        """The server's name."""
        return self.runs[0].peer

    @property
    def figure(self) -> float:
        """The median figure."""
        return median(run.figure for run in self.runs)

    def middle(self, name: str) -> float | None:
        """Give the median of another figure, None when it was not taken."""
        values = [value for run in self.runs if (value := getattr(run, name)) is not None]
        return median(values) if values else None

    @property
    def checked(self) -> str:
        """What the check for every mail's presence said."""
        said = {run.checked for run in self.runs}
        return "NO" if False in said else "yes" if True in said else "-"

    @property
    def is_client_bound(self) -> bool:
        """Whether the client used its whole CPU: the server could do more."""
        return (self.middle("client_load") or 0) > _CLIENT_WAS_THE_LIMIT

    @property
    def notes(self) -> str:
        """What is to be known about the figures."""
        alone = self.middle("latency_alone")
        return " ".join(
            [
                *(["client-bound"] if self.is_client_bound else []),
                *([f"({number(alone)} ms p50 without them)"] if alone is not None else []),
            ]
        )

    def cells(self) -> list[str]:
        """Give the cells under `_COLUMNS`."""
        figures = [run.figure for run in self.runs]
        return [
            self.peer,
            number(self.figure),
            f"{number(min(figures))} - {number(max(figures))}",
            *(number(self.middle(name)) for name in ("cpu", "latency", "latency_p99")),
            self.checked,
        ]


def print_load(name: str, runs: Sequence[Run], against: Sequence[str]) -> None:
    """Print the table of one load, with the ratio of each row to those of `against`."""
    good = [run for run in runs if not run.failed]
    rows = [
        Row([run for run in good if run.peer == peer])
        for peer in dict.fromkeys(run.peer for run in good)
    ]
    header = [*_COLUMNS, *(f"{x} {peer}" for peer in against for x in ("x", "CPU x")), ""]
    body = [[*row.cells(), *_ratios(row, rows, against), row.notes] for row in rows]
    load = LOADS[name]
    better = "more" if load.kind.more_is_better else "less"
    print(f"\n### {name}: {load.title} ({load.kind.value}; {better} is better)\n")
    _print_table([header, *body])
    for run in runs:
        if run.failed:
            print(f"\n{run.peer} failed: {run.failed}")


def _ratios(row: Row, rows: Sequence[Row], against: Sequence[str]) -> list[str]:
    """Compare with each of `against`: the figure, and the CPU time for a mail (more is better)."""
    named = {other.peer: other for other in rows}
    cells = []
    for other in map(named.get, against):
        own, its = row.middle("cpu"), other.middle("cpu") if other else None
        cells += [
            f"{row.figure / other.figure:.2f}" if other else "-",
            f"{its / own:.2f}" if own and its else "-",
        ]
    return cells


def print_start(machine: dict[str, Any], why_slow: str) -> None:
    """Print what the figures hold for."""
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    if why_slow:
        print(f"The slow client is used, and limits fast servers: {why_slow}")


def describe_machine() -> dict[str, Any]:
    """Say on what the figures were taken."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION.split()[1],
        "load before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def save(path: Path, about: Mapping[str, Any], runs: Sequence[Run]) -> None:
    """Write every run, behind what is to be known about all: `machine` and more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {**about, "runs": [run.as_json() for run in runs]}
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nEvery run: {path}")


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def number(value: float | None) -> str:
    """Give three digits, or whole numbers with commas; `-` for what was not taken."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= _MANY else f"{value:.3g}"


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print Markdown whose columns stand under each other, without those that say nothing."""
    said = [set(cells[1:]) - {"-", ""} for cells in zip(*rows, strict=True)]
    rows = [[cell for cell, some in zip(row, said, strict=True) if some] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        " | ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    rule = "|".join("-" * (width + 2) for width in widths)
    for line in (f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])):
        print(line)
