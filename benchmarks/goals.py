"""The reported figures of each load, and the goals: one for each event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.loads import AIOSMTPD, ASYNCIO, MAILPIT, SERVE, SMTP_SERVER, SMTP_SINK, UVLOOP

if TYPE_CHECKING:
    from benchmarks.results import Results

_KB = 1024


@dataclass(frozen=True)
class Measure:
    """A figure of a load, as the page shows it. `asyncio` and `uvloop` name our servers."""

    name: str
    load: str
    figure: str
    unit: str
    asyncio: str = ASYNCIO
    uvloop: str = UVLOOP


@dataclass(frozen=True)
class Goal:
    """A limit for each loop: of the figure itself, or of its ratio to the best server of `against`.

    A limit of None: no goal for this loop.
    """

    measure: str
    asyncio: float | None
    uvloop: float | None
    against: tuple[str, ...] = ()


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("T1", "T1", "rate", "messages/s"),
        Measure("T1p", "T1p", "rate", "messages/s"),
        Measure("T2", "T2", "rate", "messages/s"),
        Measure("T3", "T3", "rate", "messages/s"),
        Measure("T4", "T4", "volume", "MB/s"),
        Measure("T4-TLS", "T4-TLS", "volume", "MB/s"),
        Measure("T5", "T5", "memory", "bytes a message"),
        Measure("T6", "T6", "start", "ms"),
        Measure("T6 serve", "T6", "start", "ms", asyncio="", uvloop=SERVE),
        Measure("T7", "T7", "memory", "bytes a connection"),
        Measure("T7 new message", "T7", "latency", "ms"),
        Measure("T7 slower", "T7", "slower", "times an idle server"),
        Measure("T8", "T8", "test", "ms a test"),
        Measure("T8-TLS", "T8-TLS", "test", "ms a test"),
    )
}
GOALS = (
    Goal("T1", 0.6, 0.7, (SMTP_SINK,)),
    Goal("T1p", 0.6, 0.7, (SMTP_SINK,)),
    Goal("T2", 0.4, 0.45, (SMTP_SINK,)),
    Goal("T2", 1, 1, (AIOSMTPD, SMTP_SERVER, MAILPIT)),
    Goal("T3", 1.5, 1.8, (AIOSMTPD,)),
    Goal("T4", 1.2, 1, (SMTP_SINK,)),
    Goal("T4-TLS", 1.2, 1.2, (SMTP_SERVER,)),
    Goal("T5", 4.5 * _KB, 4.5 * _KB),
    Goal("T6", 1.2, 1.2, (AIOSMTPD,)),
    Goal("T6 serve", None, 1_000),
    Goal("T7", 4 * _KB, 4 * _KB),
    Goal("T7 slower", 1.2, 1.2),
    Goal("T8", 0.75, 0.75, (AIOSMTPD,)),
    Goal("T8-TLS", 0.9, 0.9, (AIOSMTPD,)),
)


def more_is_better(measure: Measure) -> bool:
    """Return whether a higher figure is better."""
    return measure.figure in {"rate", "volume"}


def value(goal: Goal, server: str, results: Results) -> float | None:
    """Return the value that the goal limits for one of our servers, None if it was not measured."""
    measure = MEASURES[goal.measure]
    own, others = _medians(goal, server, measure.figure, results)
    if own is None or (goal.against and not others):
        return None
    return own / max(others) if others else own


def cpu_ratio(goal: Goal, server: str, results: Results) -> float | None:
    """Return the same ratio of the servers' CPU time for a message, None without it."""
    own, others = _medians(goal, server, "cpu", results)
    return min(others) / own if own and others else None


def _medians(
    goal: Goal, server: str, figure: str, results: Results
) -> tuple[float | None, list[float]]:
    """Return a figure of one of our servers, and of the servers of `against` that have it."""
    load = MEASURES[goal.measure].load
    others = [results.median(load, peer, figure) for peer in goal.against]
    return results.median(load, server, figure), [other for other in others if other]


def is_reached(goal: Goal, limit: float, reached: float) -> bool:
    """Return whether a value keeps the limit."""
    more = more_is_better(MEASURES[goal.measure])
    return reached >= limit if more else reached <= limit
