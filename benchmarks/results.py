"""The runs of before, read back from the files that run.py and fixture.py write."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from statistics import median
from typing import TYPE_CHECKING, Any

from loads import LOADS, Kind
from measure import Run
from report import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_MICRO, _MEGA = 1e6, 1e6
_FIELDS = {field.name for field in fields(Run)}
_TEXTS, _FLAGS = {"load", "peer", "failed"}, {"checked"}


class BadResultsError(Exception):
    """A file holds no results; the sentence names it and says why."""


@dataclass(frozen=True)
class Source:
    """One file: what it says about its runs, and the loads that it has."""

    about: Mapping[str, Mapping[str, Any]]
    loads: tuple[str, ...]

    def get(self, part: str) -> Mapping[str, Any]:
        """Give `machine`, `method`, `versions` or `missing`; empty when the file has none."""
        return self.about.get(part, {})


@dataclass(frozen=True)
class Results:
    """The runs of all files, by load and server."""

    sources: Sequence[Source]
    runs: Mapping[tuple[str, str], Sequence[Run]]

    def peers(self, loads: Iterable[str]) -> list[str]:
        """Give the servers that were put under one of the loads, in the order of the runs."""
        wanted = set(loads)
        return list(dict.fromkeys(peer for load, peer in self.runs if load in wanted))

    def row(self, load: str, peer: str) -> Row | None:
        """Give the runs of a server together, None when there are none or one failed."""
        runs = self.runs.get((load, peer))
        return Row(runs) if runs and not self.failure(load, peer) else None

    def failure(self, load: str, peer: str) -> str:
        """Say why a server has no figures: it failed, or lost mails; `""` when neither."""
        for run in self.runs.get((load, peer), ()):
            if run.failed:
                return run.failed
            if run.checked is False:
                return "mails were lost or altered"
        return ""


def read_results(paths: Sequence[Path]) -> Results:
    """Read the files; a load that several have is taken from the last of them.

    Raises BadResultsError with one sentence that names the file.
    """
    read = [_read(path) for path in paths]
    owner = {run.load: index for index, (_, runs) in enumerate(read) for run in runs}
    merged: dict[tuple[str, str], list[Run]] = {}
    for index, (_, runs) in enumerate(read):
        for run in runs:
            if owner[run.load] == index:
                merged.setdefault((run.load, run.peer), []).append(run)
    sources = [
        Source(about, loads)
        for index, (about, _) in enumerate(read)
        if (loads := tuple(load for load in LOADS if owner.get(load) == index))
    ]
    return Results(sources, merged)


def busy(row: Row) -> float | None:
    """Give the share of its one CPU that a server used under a load that measures speed."""
    rates = [run.cpu * _mails_a_second(run) / _MICRO for run in row.runs if run.cpu is not None]
    return median(rates) if rates else None


def _mails_a_second(run: Run) -> float:
    load = LOADS[run.load]
    return run.figure * _MEGA / load.size if load.kind is Kind.VOLUME else run.figure


def _read(path: Path) -> tuple[dict[str, Any], list[Run]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadResultsError(f"{path}: {error.strerror}; `run.py` makes results.") from error
    except ValueError as error:
        raise BadResultsError(f"{path} holds no JSON: {error}.") from error
    runs = content.get("runs") if isinstance(content, dict) else None
    if not isinstance(runs, list) or not runs:
        raise BadResultsError(f'{path} holds no results: it wants a list "runs" with some in it.')
    about = {name: part for name, part in content.items() if name != "runs"}
    if unfit := [name for name, part in about.items() if not isinstance(part, dict)]:
        raise BadResultsError(f'{path} holds no results: its "{unfit[0]}" is no object.')
    return about, [_make_run(path, number, run) for number, run in enumerate(runs, 1)]


def _make_run(path: Path, number: int, run: object) -> Run:
    """Make a run of what JSON gave."""
    if why := _what_is_wrong(run):
        raise BadResultsError(f"{path} holds no results: run {number} {why}.")
    return Run(**run)  # type: ignore[arg-type]


def _what_is_wrong(run: object) -> str:
    """Say what keeps this from being a run, `""` when nothing does."""
    if not isinstance(run, dict):
        return "is no object"
    if missing := sorted({"load", "peer"} - set(run)):
        return f'has no "{missing[0]}"'
    if unknown := sorted(set(run) - _FIELDS):
        return f'has a "{unknown[0]}", which no run has'
    unfit = [name for name, value in run.items() if not _fits(name, value)]
    if unfit:
        return f'has {run[unfit[0]]!r} as its "{unfit[0]}"'
    if run["load"] not in LOADS:
        return f"is of a load {run['load']!r}; there are {', '.join(LOADS)}"
    return "" if "figure" in run or "failed" in run else 'has neither a "figure" nor a "failed"'


def _fits(name: str, value: object) -> bool:
    if name in _TEXTS:
        return isinstance(value, str)
    if name in _FLAGS:
        return isinstance(value, bool)
    return type(value) in {int, float} and math.isfinite(value)
