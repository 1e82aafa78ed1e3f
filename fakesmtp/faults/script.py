"""A `FaultScript`: rules in order, and how often each of them came to its moment and struck."""

from __future__ import annotations

from collections import Counter, deque
from threading import Lock
from typing import TYPE_CHECKING

from fakesmtp.clock import local_now, monotonic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path
    from typing import Literal, Self, Unpack

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.keywords import (
        FaultOptions,
        Kind,
        LimitKind,
        Place,
        ReplyOptions,
        RuleOptions,
    )
    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.words import What, Where

#: What `fail` says when it is not told what.
_TRY_LATER = "451 4.3.0 Try again later"
_SECOND = 1.0


class _Tally:
    """What is counted for one rule."""

    def __init__(self, rule: Rule, began: float) -> None:
        self.rule = rule
        self.strikes = 0
        self._began = began
        self._moments: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()
        self._passed: dict[str, deque[float]] = {}

    def judge(self, facts: Facts, now: float, clock: Callable[[], datetime]) -> bool:
        """Count a moment at which the rule fits, and say whether it strikes."""
        rule, key = self.rule, _key(self.rule, facts)
        self._moments[key] += 1
        moment = self._moments[key]
        strikes = (
            (rule.nth is None or moment == rule.nth)
            and (rule.every is None or moment % rule.every == 0)
            and (rule.after is None or moment > rule.after)
            and (rule.times is None or self._struck[key] < rule.times)
            and (rule.between is None or _is_between(rule.between, now - self._began, clock))
            and (rule.over_rate is None or self._is_over(rule.over_rate, key, now))
            and (rule.probability is None or _is_lucky(rule, key, moment))
        )
        if strikes:
            self._struck[key] += 1
            self.strikes += 1
        return strikes

    def _is_over(self, rate: int, key: str, now: float) -> bool:
        """Whether `rate` of them passed in the last second; if not, one more does now."""
        passed = self._passed.setdefault(key, deque())
        while passed and now - passed[0] >= _SECOND:
            passed.popleft()
        if len(passed) >= rate:
            return True
        passed.append(now)
        return False


def _key(rule: Rule, facts: Facts) -> str:
    """What a moment is counted for."""
    keys = {
        "account": facts.app_key or "",
        "recipient": " ".join(facts.recipients).lower(),
        "session": facts.session,
    }
    return keys.get(rule.per or "rule", "")


def _is_between(
    between: tuple[float, float] | tuple[str, str], passed: float, clock: Callable[[], datetime]
) -> bool:
    from fakesmtp.faults.checks import seconds_of_day  # noqa: PLC0415 - lazily: see FaultScript

    begin, end = between
    if isinstance(begin, str) and isinstance(end, str):
        first, last = seconds_of_day(begin), seconds_of_day(end)
        time = clock()
        second = seconds_of_day(f"{time:%H:%M:%S}")
        # From 23:30 to 00:30 is over midnight.
        return first <= second < last if first <= last else second >= first or second < last
    return float(begin) <= passed < float(end)


def _is_lucky(rule: Rule, key: str, moment: int) -> bool:
    """Throw the dice of this moment: the same ones in every run, whatever other rules do."""
    from random import Random  # noqa: PLC0415 - lazily: see FaultScript

    dice = Random(f"{rule.seed}/{rule.name}/{key}/{moment}")  # noqa: S311 - no secret, repeatable
    return dice.random() < (rule.probability or 0)


class PlannedFault:
    """A rule of a script; as a `with` block it is taken out at the end."""

    def __init__(self, script: FaultScript, rule: Rule) -> None:
        self._script = script
        self.rule = rule

    @property
    def strikes(self) -> int:
        """How often it struck."""
        return self._script.strikes(self.rule)

    def remove(self) -> None:
        """Take it out, if it is there."""
        self._script.remove(self.rule)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<fault {self.rule.name!r}>"


class FaultScript:
    """Planned misbehaviour: rules, asked in order at every place of every session.

    Changes hold at once, also for sessions that are open. All methods may be called from any
    thread. `clock` gives seconds, `time_of_day` the local time.
    """

    # Every server has a script, and few have rules: what makes them is imported when one is made.

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        clock: Callable[[], float] = monotonic,
        time_of_day: Callable[[], datetime] = local_now,
    ) -> None:
        self._clock = clock
        self._time_of_day = time_of_day
        self._lock = Lock()
        self._tallies: tuple[_Tally, ...] = ()
        #: The rules, in order. Empty: nothing is asked, and nothing costs anything.
        self.rules: tuple[Rule, ...] = ()
        self.replace(rules)

    # -- making ------------------------------------------------------------------------------------

    def add(self, *rules: Rule) -> None:
        """Add rules behind the others."""
        with self._lock:
            self._keep((*self._tallies, *(_Tally(rule, self._clock()) for rule in rules)))

    def fault(
        self,
        where: Place | Where,
        what: Kind | What | Literal[""] = "",
        **words: Unpack[FaultOptions],
    ) -> PlannedFault:
        """Add a rule of `Rule`'s words, for good or for a `with` block.

        Raises `ConfigurationError`.
        """
        from fakesmtp.faults.making import locate_caller, make_rule  # noqa: PLC0415 - lazily

        rule = make_rule({"where": where, "what": what, **words}, origin=locate_caller())
        return self._plan(rule)

    def fail(self, where: Place | Where, **words: Unpack[ReplyOptions]) -> PlannedFault:
        """Have a place answered by `reply`, by default `451 4.3.0 Try again later`."""
        words.setdefault("reply", _TRY_LATER)
        return self.fault(where, "reply", **words)

    def delay(
        self, where: Place | Where, *, seconds: float, **words: Unpack[RuleOptions]
    ) -> PlannedFault:
        """Have the reply at a place come late."""
        return self.fault(where, "delay", seconds=seconds, **words)

    def limit(self, kind: LimitKind, number: int, **words: Unpack[ReplyOptions]) -> PlannedFault:
        """Add a limit as a provider sets it: see `fakesmtp.faults.limits.LIMITS`."""
        from fakesmtp.faults.limits import make_limit  # noqa: PLC0415 - lazily
        from fakesmtp.faults.making import locate_caller  # noqa: PLC0415 - lazily

        return self._plan(make_limit(kind, number, words, origin=locate_caller()))

    def _plan(self, rule: Rule) -> PlannedFault:
        self.add(rule)
        return PlannedFault(self, rule)

    def read(self, table: object) -> tuple[Rule, ...]:
        """Add the rules of a table as a file holds it; raises `ConfigurationError`."""
        from fakesmtp.faults.reading import read_table  # noqa: PLC0415 - lazily

        rules = read_table(table)
        self.add(*rules)
        return rules

    def load(self, path: str | Path) -> tuple[Rule, ...]:
        """Add the rules of a file (TOML, or JSON by its suffix); raises `ConfigurationError`."""
        from fakesmtp.faults.reading import read_file  # noqa: PLC0415 - lazily

        rules = read_file(path)
        self.add(*rules)
        return rules

    def replace(self, rules: Iterable[Rule]) -> None:
        """Have these rules and no others; the counters of those that stay go on."""
        with self._lock:
            left = list(self._tallies)
            tallies = []
            for rule in rules:
                kept = next((tally for tally in left if tally.rule == rule), None)
                if kept is not None:
                    left.remove(kept)
                    kept.rule = rule
                tallies.append(kept or _Tally(rule, self._clock()))
            self._keep(tuple(tallies))

    def remove(self, rule: Rule) -> None:
        """Take one rule out, if it is there."""
        with self._lock:
            self._keep(tuple(tally for tally in self._tallies if tally.rule is not rule))

    def clear(self) -> None:
        """Take all rules out."""
        self.replace(())

    def _keep(self, tallies: tuple[_Tally, ...]) -> None:
        self._tallies = tallies
        self.rules = tuple(tally.rule for tally in tallies)

    # -- striking ----------------------------------------------------------------------------------

    def begin_session(self) -> None:
        """Take note that a session begins; a script that watches a file looks at it."""

    def strike(self, where: Where | None, facts: Facts) -> tuple[Rule, ...]:
        """Give the rules that strike now, in order; one that replaces the answer is the last.

        None is a command that has no place of its own.
        """
        struck: list[Rule] = []
        with self._lock:
            for tally in self._tallies:
                fits = tally.rule.fits(where, facts)
                if fits and tally.judge(facts, self._clock(), self._time_of_day):
                    struck.append(tally.rule)
                    if tally.rule.replaces:
                        break
        return tuple(struck)

    # -- what happened -----------------------------------------------------------------------------

    def strikes(self, rule: Rule) -> int:
        """How often a rule struck."""
        with self._lock:
            return sum(tally.strikes for tally in self._tallies if tally.rule is rule)

    @property
    def used(self) -> tuple[Rule, ...]:
        """The rules that struck at least once."""
        return self._choose(used=True)

    @property
    def unused(self) -> tuple[Rule, ...]:
        """The rules that never struck."""
        return self._choose(used=False)

    def _choose(self, *, used: bool) -> tuple[Rule, ...]:
        with self._lock:
            return tuple(tally.rule for tally in self._tallies if (tally.strikes > 0) is used)

    def assert_used(self) -> None:
        """Raise AssertionError that names the rules that never struck, if there are any."""
        unused = self.unused
        if unused:
            named = ", ".join(f"{rule.name} ({rule.origin})" for rule in unused)
            raise AssertionError(f"these faults never struck: {named}")

    def __repr__(self) -> str:
        return f"<FaultScript of {len(self.rules)} rules>"
