"""The figures of all runs: collected, kept in a file, and their medians."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Results:
    """Figures by load and server: each a list with a value for each repetition.

    `about` says what they hold for, `missing` which servers are not installed, `failed` why single
    runs have no figures.
    """

    about: dict[str, str]
    missing: dict[str, str] = field(default_factory=dict)
    figures: dict[tuple[str, str], dict[str, list[float]]] = field(default_factory=dict)
    failed: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, load: str, server: str, figures: dict[str, float]) -> None:
        """Add the figures of one run."""
        kept = self.figures.setdefault((load, server), {})
        for name, value in figures.items():
            kept.setdefault(name, []).append(value)

    def fail(self, load: str, server: str, why: str) -> None:
        """Add a run that failed."""
        self.failed.setdefault((load, server), []).append(why)

    def median(self, load: str, server: str, figure: str) -> float | None:
        """Return the median, None without figures."""
        values = self.figures.get((load, server), {}).get(figure)
        return median(values) if values else None

    def save(self, path: Path) -> None:
        """Write one line of JSON about all runs, then one for each load and server."""
        lines: list[Any] = [{"about": self.about, "missing": self.missing}]
        lines += [[*key, figures] for key, figures in self.figures.items()]
        lines += [[*key, reasons] for key, reasons in self.failed.items()]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read results that `save` wrote."""
        about, *lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        results = cls(**about)
        for load, server, content in lines:
            kind: dict[tuple[str, str], Any] = (
                results.failed if isinstance(content, list) else results.figures
            )
            kind[load, server] = content
        return results
