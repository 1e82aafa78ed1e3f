"""Schedules of rules: at which of the moments that match a rule applies."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.faults.stages import AFTER_AUTH, EVERY_STAGE, ONCE, WITH_RECIPIENTS, Stage
from fakesmtp.faults.values import (
    check_between,
    check_count,
    check_probability,
    check_seed,
    check_size,
    one_of,
    seconds_of_day,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.keywords import FaultOptions
    from fakesmtp.faults.values import Check

_SECOND = 1.0


class Per(NamedTuple):
    """What has its own counter: what identifies it in a moment, its text, its stages.

    At other stages it is not known, or there is only one moment to count.
    """

    key_of: Callable[[Facts], str]
    text: str
    stages: frozenset[Stage] = EVERY_STAGE


PER: Mapping[str, Per] = {
    "rule": Per(lambda _: "", ""),
    "account": Per(lambda facts: facts.app_key or "", "for each AppKey", AFTER_AUTH),
    "recipient": Per(
        lambda facts: " ".join(facts.recipients).lower(), "for each recipient", WITH_RECIPIENTS
    ),
    "session": Per(lambda facts: facts.session, "in each session", EVERY_STAGE - ONCE),
}
COUNTED_PER = tuple(PER)


class Moment(NamedTuple):
    """One moment at which the stage and the conditions of a rule match.

    `number` counts the moments and `applied` those at which the rule was applied, both for `key`.
    `passed` holds the times of the last moments that were under a rate. `now` and `elapsed` (since
    the rule was loaded) are seconds.
    """

    rule: str
    key: str
    number: int
    applied: int
    passed: deque[float]
    now: float
    elapsed: float
    time_of_day: Callable[[], datetime]


def _is_between(between: tuple[float, float] | tuple[str, str], moment: Moment) -> bool:
    begin, end = between
    if isinstance(begin, str) and isinstance(end, str):
        first, last = seconds_of_day(begin), seconds_of_day(end)
        second = seconds_of_day(f"{moment.time_of_day():%H:%M:%S}")
        # From 23:30 to 00:30 spans midnight.
        return first <= second < last if first <= last else second >= first or second < last
    return float(begin) <= moment.elapsed < float(end)


def _is_over_rate(rate: int, moment: Moment) -> bool:
    """Whether `rate` moments passed in the last second; if not, let this one pass."""
    passed = moment.passed
    while passed and moment.now - passed[0] >= _SECOND:
        passed.popleft()
    if len(passed) >= rate:
        return True
    passed.append(moment.now)
    return False


def _is_drawn(probability: float, seed: float | str, moment: Moment) -> bool:
    """Draw a random number that depends on nothing but the seed, the rule and the count."""
    drawn = Random(f"{seed}/{moment.rule}/{moment.key}/{moment.number}")  # noqa: S311 - repeatable, and no secret
    return drawn.random() < probability


class Entry(NamedTuple):
    """An option of a schedule: the check of its value, its test, its text, its stages."""

    check: Check
    #: Returns whether the rule may apply at a moment. All entries that are given must agree.
    test: Callable[[FaultOptions, Moment], bool] | None = None
    #: Returns the part of a sentence that explains the entry.
    explain: Callable[[FaultOptions], str] | None = None
    stages: frozenset[Stage] = EVERY_STAGE


def _explain_times(options: FaultOptions) -> str:
    return "once" if options["times"] == 1 else f"the first {options['times']} times only"


def _explain_between(options: FaultOptions) -> str:
    begin, end = options["between"]
    if isinstance(begin, str):
        return f"from {begin} to {end} local time"
    return f"from {begin:g} to {end:g} s after the rule was loaded"


def _explain_probability(options: FaultOptions) -> str:
    return f"{options['probability']:.0%} of the times at random (seed {options['seed']})"


def _ordinal(number: int) -> str:
    is_teen = number // 10 % 10 == 1
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if is_teen else ending}"


#: By name, in the order in which they are tested: a rate only counts what the entries above let by.
SCHEDULE: Mapping[str, Entry] = {
    "nth": Entry(
        check_count,
        lambda options, moment: moment.number == options["nth"],
        lambda options: f"the {_ordinal(options['nth'])} time",
    ),
    "every": Entry(
        check_count,
        lambda options, moment: moment.number % options["every"] == 0,
        lambda options: f"every {_ordinal(options['every'])} time",
    ),
    "after": Entry(
        check_size,
        lambda options, moment: moment.number > options["after"],
        lambda options: f"after the first {options['after']}",
    ),
    "times": Entry(
        check_count,
        lambda options, moment: moment.applied < options["times"],
        _explain_times,
    ),
    "between": Entry(
        check_between,
        lambda options, moment: _is_between(options["between"], moment),
        _explain_between,
    ),
    "over_rate": Entry(
        check_count,
        lambda options, moment: _is_over_rate(options["over_rate"], moment),
        lambda options: f"above {options['over_rate']} per second",
        frozenset({Stage.MAIL}),
    ),
    "probability": Entry(
        check_probability,
        lambda options, moment: _is_drawn(options["probability"], options["seed"], moment),
        _explain_probability,
    ),
    "seed": Entry(check_seed),
    "per": Entry(one_of(COUNTED_PER)),
}


def explain_schedule(options: FaultOptions) -> Iterator[str]:
    """Return the parts of a sentence that explain when a rule applies; none if always."""
    parts = [
        entry.explain(options)
        for name, entry in SCHEDULE.items()
        if name in options and entry.explain is not None
    ]
    per = PER[options.get("per", "rule")].text
    if parts and per:
        parts[-1] += f" {per}"
    yield from parts


#: The entries for which a rule must know what it was applied to before, in their order.
COUNTING: Mapping[str, Entry] = {
    name: entry for name, entry in SCHEDULE.items() if entry.test and name != "between"
}


class Counts:
    """How often a rule matched, and how often it was applied, both for one key; see `Moment`."""

    __slots__ = ("applied", "number", "passed")

    def __init__(self, number: int = 0, applied: int = 0, passed: Iterable[float] = ()) -> None:
        self.number = number
        self.applied = applied
        self.passed = deque(passed)


class Tally:
    """The counters of one rule."""

    def __init__(self, rule: str, options: FaultOptions, began: float) -> None:
        """Count for the rule of this name, which was loaded at `began` (seconds)."""
        self.applied = 0
        #: Whether the rule is in force.
        self.is_on = True
        #: The number of the rule in its script; 0 before it is added.
        self.number = 0
        #: Returns what the rule counts for at a moment.
        self.key_of = PER[options.get("per", "rule")].key_of
        #: Whether counters decide if the rule applies.
        self.has_counters = not COUNTING.keys().isdisjoint(options)
        self._rule = rule
        self._options = options
        self._began = began
        self._tests = [
            entry.test for name, entry in SCHEDULE.items() if name in options and entry.test
        ]
        self._counts: dict[str, Counts] = {}

    def apply(self, facts: Facts, now: float, time_of_day: Callable[[], datetime]) -> bool:
        """Count a moment that matches the rule; return whether the rule applies."""
        key = self.key_of(facts)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = Counts()
        applies = self.judge(key, counts, now, time_of_day)
        self.applied += applies
        return applies

    def judge(
        self, key: str, counts: Counts, now: float, time_of_day: Callable[[], datetime]
    ) -> bool:
        """Count a moment in `counts`, which are those of `key`; return whether the rule applies."""
        counts.number += 1
        moment = Moment(
            self._rule,
            key,
            counts.number,
            counts.applied,
            counts.passed,
            now,
            now - self._began,
            time_of_day,
        )
        applies = all(test(self._options, moment) for test in self._tests)
        counts.applied += applies
        return applies
