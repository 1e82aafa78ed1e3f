"""What is measured, as the page shows it, and the goal of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loads import LOADS
from report import number

if TYPE_CHECKING:
    from report import Row
    from results import Results

OURS = "fakesmtp"
_AIOSMTPD = "aiosmtpd, session scope"
_KIBI = 1024
_2_KB, _1_MB = LOADS["t5"].size, LOADS["t5big"].size


@dataclass(frozen=True)
class Goal:
    """A limit: a factor on the figure of `peer`, or with no peer a figure in the row's unit."""

    limit: float
    peer: str = ""
    note: str = ""


@dataclass(frozen=True)
class Measure:
    """One row of the page. `field` names the figure of a run, `own` the server of ours."""

    name: str
    load: str
    title: str
    unit: str
    goals: tuple[Goal, ...]
    own: str = OURS
    field: str = "figure"

    @property
    def more_is_better(self) -> bool:
        """Whether a higher figure is the better one."""
        return self.field == "figure" and LOADS[self.load].kind.more_is_better

    def figure(self, row: Row) -> float | None:
        """Give the median that this row of the page shows."""
        return row.middle(self.field)

    def describe(self, goal: Goal) -> str:
        """Say what is to be reached."""
        sign = "≥" if self.more_is_better else "≤"
        note = f" ({goal.note})" if goal.note else ""
        what = (
            f"{goal.limit:g} times {goal.peer}"
            if goal.peer
            else f"{number(goal.limit)} {self.unit}"
        )
        return f"{sign} {what}{note}"


MEASURES = (
    Measure(
        "T1",
        "t1",
        "1 KB mails on 10 kept connections",
        "mails/s",
        (Goal(0.6, "smtp-sink"), Goal(1, "smtp-server")),
    ),
    Measure(
        "T1p",
        "t1p",
        "the same, MAIL, RCPT and DATA in one write",
        "mails/s",
        (Goal(0.5, "smtp-sink"),),
    ),
    Measure("T2", "t2", "a connection for each mail", "mails/s", (Goal(0.5, "smtp-sink"),)),
    Measure(
        "T3",
        "t3",
        "connection, STARTTLS, AUTH PLAIN and mail, P-256",
        "mails/s",
        (Goal(1.7, "aiosmtpd"),),
    ),
    Measure("T4", "t4", "10 MB mails on 2 connections", "MB/s", (Goal(1.2, "smtp-sink"),)),
    Measure("T4 TLS", "t4tls", "the same over STARTTLS", "MB/s", (Goal(1, "smtp-server"),)),
    Measure(
        "T5",
        "t5",
        f"memory of a kept mail of {_2_KB:,} bytes",
        "bytes",
        (Goal(_2_KB + 700, note="the mail + 700"),),
    ),
    Measure(
        "T5 1 MB",
        "t5big",
        f"memory of a kept mail of {_1_MB:,} bytes",
        "bytes",
        (Goal(_1_MB * 1.03, note="1.03 times the mail"),),
    ),
    Measure(
        "T6", "t6", "`FakeSMTP()` in a fresh interpreter until the first 220", "ms", (Goal(100),)
    ),
    Measure(
        "T6 serve",
        "t6",
        "`fakesmtp serve` until the first 220",
        "ms",
        (Goal(160),),
        "fakesmtp serve",
    ),
    Measure(
        "T7",
        "t7",
        "memory of each of 5,000 idle connections",
        "bytes",
        (Goal(6 * _KIBI, note="6 KB"),),
    ),
    Measure(
        "T7 latency",
        "t7",
        "a new mail and its connection beside them, median",
        "ms",
        (Goal(0.75),),
        field="latency",
    ),
    # In milliseconds of the machine where they were set, and as the ratio that they were there.
    Measure(
        "T8",
        "t8",
        "fixture: a test that sends a mail, over an empty fixture",
        "ms",
        (Goal(0.95), Goal(0.67, _AIOSMTPD, "0.95 of 1.41 ms")),
    ),
    Measure(
        "T8 TLS",
        "t8tls",
        "the same with STARTTLS and AUTH",
        "ms",
        (Goal(2.5), Goal(0.71, _AIOSMTPD, "2.5 of 3.51 ms")),
    ),
)


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a goal. `ratio` is ours to the peer's, None without either."""

    measure: Measure
    goal: Goal
    is_reached: bool | None
    why_open: str = ""
    ratio: float | None = None
    client_bound: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in a table's cell."""
        if self.is_reached is None:
            return self.why_open
        facts = [number(self.ratio)] if self.ratio is not None else []
        facts += [f"{peer} client-bound" for peer in self.client_bound]
        said = "**yes**" if self.is_reached else "no"
        return f"{said} ({'; '.join(facts)})" if facts else said


def judge(measure: Measure, goal: Goal, results: Results) -> Verdict:
    """Compare the medians with the goal."""
    names = [measure.own, *([goal.peer] if goal.peer else [])]
    rows = []
    for name in names:
        row = results.row(measure.load, name)
        if row is None or measure.figure(row) is None:
            why = "failed" if results.failure(measure.load, name) else "not measured"
            return Verdict(measure, goal, None, f"open: {name} {why}")
        rows.append(row)
    own, *others = (measure.figure(row) or 0.0 for row in rows)
    if others and not others[0]:
        return Verdict(measure, goal, None, f"open: {goal.peer} measured as 0")
    ratio = own / others[0] if others else None
    value = own if ratio is None else ratio
    is_reached = value >= goal.limit if measure.more_is_better else value <= goal.limit
    limited = tuple(row.peer for row in rows if row.is_client_bound)
    return Verdict(measure, goal, is_reached, "", ratio, limited)
