"""A `FaultScript`: rules in order, and how often each of them was applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fakesmtp.clock import local_now, monotonic
from fakesmtp.errors import ConfigurationError
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Literal, Self, Unpack

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.keywords import (
        FaultOptions,
        KindName,
        LimitKind,
        ReplyOptions,
        RuleOptions,
        StageName,
    )
    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.schedule import Tally
    from fakesmtp.faults.stages import Stage

#: The reply of `fail` if no other is given.
TRY_LATER = "451 4.3.0 Try again later"


#: Rules in order, each with its counters.
Planned: TypeAlias = "tuple[tuple[Rule, Tally], ...]"


class Chosen(NamedTuple):
    """The rules that apply at a moment, in order, and a note for the session, `""` for none."""

    rules: tuple[Rule, ...]
    note: str = ""


#: Decides which of the matching rules apply, where that takes time.
Ask: TypeAlias = "Callable[[Planned, Facts], Awaitable[Chosen]]"


class PlannedFault:
    """A rule of a script. As a context manager it removes the rule at the end of the block."""

    def __init__(self, script: FaultScript, rule: Rule) -> None:
        self._script = script
        self.rule = rule

    @property
    def applied(self) -> int:
        """How often the rule was applied."""
        return self._script.applied(self.rule)

    def remove(self) -> None:
        """Remove the rule from its script. Idempotent."""
        self._script.remove(self.rule)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<fault {self.rule.name!r}>"


class FaultScript:
    """Fault rules, evaluated in order at every stage of every session.

    Changes take effect at once, also for open sessions. Thread-safe. `clock` returns seconds,
    `time_of_day` the local time. A rule *applies* when its stage, its conditions and its schedule
    match. Raises `ConfigurationError` if `rules` holds anything but `Rule` objects.
    """

    # Every server has a script, but few have rules. Modules that make rules are therefore imported
    # when the first rule is made.

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
        self._numbers = count(1)
        #: Called with the rules that were applied, in the thread of the server.
        self.on_applied: Callable[[tuple[Rule, ...]], object] | None = None
        #: The rules of this script, and those after them that servers share.
        self._own: Planned = ()
        self._shared: Planned = ()
        self._tallies: Planned = ()
        self._ask: Ask
        #: The rules in force, in order. If there are none, they cost nothing.
        self.rules: tuple[Rule, ...] = ()
        self.replace(rules)

    # -- making ------------------------------------------------------------------------------------

    def add(self, *rules: Rule) -> None:
        """Append rules. Raises `ConfigurationError` for anything that is not a `Rule`."""
        check_rules(rules)
        with self._lock:
            now = self._clock()
            self._keep((*self._own, *((rule, rule.start_tally(now)) for rule in rules)))

    def fault(
        self,
        where: StageName | Stage,
        what: KindName | Literal[""] = "",
        **options: Unpack[FaultOptions],
    ) -> PlannedFault:
        """Add a rule: the stage, the kind, and options as in docs/faults.md.

        The rule stays until it is removed or, as a context manager, until the end of the block.
        Raises `ConfigurationError`.
        """
        from fakesmtp.faults.making import locate_caller, make_rule  # noqa: PLC0415 - lazily

        rule = make_rule({"where": where, "what": what, **options}, origin=locate_caller())
        return self.plan(rule)

    def fail(self, where: StageName | Stage, **options: Unpack[ReplyOptions]) -> PlannedFault:
        """Add a rule that replies `reply`, by default `451 4.3.0 Try again later`.

        Raises `ConfigurationError`.
        """
        options.setdefault("reply", TRY_LATER)
        _check_kind_is_free("fail", options)
        return self.fault(where, "reply", **options)

    def delay(
        self, where: StageName | Stage, *, seconds: float, **options: Unpack[RuleOptions]
    ) -> PlannedFault:
        """Add a rule that delays the reply by `seconds`. Raises `ConfigurationError`."""
        _check_kind_is_free("delay", options)
        return self.fault(where, "delay", seconds=seconds, **options)

    def limit(self, kind: LimitKind, number: int, **options: Unpack[ReplyOptions]) -> PlannedFault:
        """Add a limit like those of a provider: `limit("messages-per-second", 5)`.

        `options` override those of the limit (`fakesmtp.faults.limits.LIMITS`). Raises
        `ConfigurationError`.
        """
        from fakesmtp.faults.limits import make_limit  # noqa: PLC0415 - lazily
        from fakesmtp.faults.making import locate_caller  # noqa: PLC0415 - lazily

        return self.plan(make_limit(kind, number, options, origin=locate_caller()))

    def plan(self, rule: Rule) -> PlannedFault:
        """Add a rule that was made before; see `fault`."""
        self.add(rule)
        return PlannedFault(self, rule)

    def read(self, table: object) -> tuple[Rule, ...]:
        """Add the rules of a table that has the shape of a file; return them.

        Raises `ConfigurationError`.
        """
        from fakesmtp.faults.loading import read_table  # noqa: PLC0415 - lazily

        rules = read_table(table)
        self.add(*rules)
        return rules

    def load(self, path: str | Path) -> tuple[Rule, ...]:
        """Add the rules of a file, TOML or (`.json`) JSON; return them.

        Raises `ConfigurationError`.
        """
        from fakesmtp.faults.loading import read_file  # noqa: PLC0415 - lazily

        rules = read_file(path)
        self.add(*rules)
        return rules

    def replace(self, rules: Iterable[Rule]) -> None:
        """Set these rules and no others. A rule that was there before keeps its counters.

        All of them are switched on.

        Raises `ConfigurationError` for anything that is not a `Rule`.
        """
        self._exchange(check_rules(rules), lambda _: True)

    def _replace_of(self, app_key: str, wanted: tuple[Rule, ...]) -> None:
        """Set the rules of one account; those of others stay."""
        self._exchange(wanted, lambda rule: is_of(rule, app_key))

    def _exchange(self, wanted: tuple[Rule, ...], goes: Callable[[Rule], bool]) -> None:
        """Set rules in the place of those for which `goes` returns True; see `replace`."""
        with self._lock:
            stay = [pair for pair in self._own if not goes(pair[0])]
            left, kept = [pair for pair in self._own if goes(pair[0])], []
            for rule in wanted:
                same = next((pair for pair in left if pair[0] == rule), None)
                if same is not None:
                    left.remove(same)
                kept.append((rule, same[1] if same else rule.start_tally(self._clock())))
            for _, tally in kept:
                tally.is_on = True
            self._keep((*stay, *kept))

    def change(self, rule: Rule, wanted: Rule) -> None:
        """Replace a rule by another one, which gets its number and new counters.

        Raises `ConfigurationError` for a rule that is not of this script.
        """
        check_rules([wanted])
        with self._lock:
            start = wanted.start_tally(self._clock())
            numbers = (tally.number for each, tally in self._own if each is rule)
            start.number = check_number(next(numbers, 0), rule)
            self._keep(tuple((wanted, start) if pair[0] is rule else pair for pair in self._own))

    def remove(self, rule: Rule) -> None:
        """Remove one rule. Idempotent."""
        with self._lock:
            self._keep(tuple(pair for pair in self._own if pair[0] is not rule))

    def switch(self, rule: Rule, *, on: bool) -> None:
        """Switch one rule off, or on again. It keeps its place and its counters."""
        with self._lock:
            for each, tally in self._own:
                if each is rule:
                    tally.is_on = on
            self._keep(self._own)

    @property
    def planned(self) -> tuple[tuple[Rule, bool], ...]:
        """All rules in order, each with whether it is switched on."""
        return tuple((rule, tally.is_on) for rule, tally in self._tallies)

    def clear(self) -> None:
        """Remove all rules."""
        self.replace(())

    def _share(self, rules: Planned, ask: Ask) -> None:
        """Set the rules that this server shares with others; they come after those of the script.

        `ask` decides which of them apply at a moment. They are changed by another call only.
        """
        with self._lock:
            self._shared, self._ask = rules, ask
            self._keep(self._own)

    def _keep(self, own: Planned) -> None:
        for _, tally in own:
            tally.number = tally.number or next(self._numbers)
        self._own, self._tallies = own, (*own, *self._shared)
        self.rules = tuple(rule for rule, tally in self._tallies if tally.is_on)

    # -- applying ----------------------------------------------------------------------------------

    def _begin_session(self) -> None:
        """Note that a session begins. A script that watches a file checks the file."""

    def _apply(
        self, stage: Stage | None, facts: Facts
    ) -> tuple[Rule, ...] | Callable[[], Awaitable[Chosen]]:
        """Return the rules that apply now, in order, up to the first that replaces the reply.

        `stage` is None for a command without a stage of its own. If a rule matches that servers
        share, return a function to await, which returns the rules.
        """
        applied = self._apply_own(stage, facts)
        if not self._shared or (applied and applied[-1].kind.act is not None):
            return applied
        matching = tuple(
            pair for pair in self._shared if pair[1].is_on and pair[0].matches(stage, facts)
        )
        return partial(self._apply_shared, applied, matching, facts) if matching else applied

    def _apply_own(self, stage: Stage | None, facts: Facts) -> tuple[Rule, ...]:
        applied: list[Rule] = []
        with self._lock:
            for rule, tally in self._own:
                matches = tally.is_on and rule.matches(stage, facts)
                if matches and tally.apply(facts, self._clock(), self._time_of_day):
                    applied.append(rule)
                    if rule.kind.act is not None:
                        break
        if applied and self.on_applied is not None:
            self.on_applied(tuple(applied))
        return tuple(applied)

    async def _apply_shared(
        self, applied: tuple[Rule, ...], matching: Planned, facts: Facts
    ) -> Chosen:
        chosen = await self._ask(matching, facts)
        return chosen._replace(rules=(*applied, *chosen.rules))

    # -- what happened -----------------------------------------------------------------------------

    def applied(self, rule: Rule) -> int:
        """Return how often a rule was applied."""
        with self._lock:
            return sum(tally.applied for each, tally in self._tallies if each is rule)

    def number_of(self, rule: Rule) -> int:
        """Return the number of a rule of this script: it never changes, and no other rule gets it.

        0 for a rule that is not of this script.
        """
        return next((tally.number for each, tally in self._tallies if each is rule), 0)

    @property
    def used(self) -> tuple[Rule, ...]:
        """The rules that were applied at least once."""
        return self._choose(used=True)

    @property
    def unused(self) -> tuple[Rule, ...]:
        """The rules that were never applied."""
        return self._choose(used=False)

    def _choose(self, *, used: bool) -> tuple[Rule, ...]:
        with self._lock:
            return tuple(rule for rule, tally in self._tallies if (tally.applied > 0) is used)

    def assert_used(self) -> None:
        """Raise `AssertionError` with the names of the rules that were never applied, if any."""
        unused = self.unused
        if unused:
            named = ", ".join(f"{rule.name} ({rule.origin})" for rule in unused)
            raise AssertionError(f"these faults were never applied: {named}")

    def __repr__(self) -> str:
        return f"<FaultScript of {len(self.rules)} rules>"


def is_of(rule: Rule, app_key: str) -> bool:
    """Return whether a rule is for the sessions of one account."""
    return rule.options.get("app_key") == app_key


def check_rules(rules: object) -> tuple[Rule, ...]:
    """Return rules as a tuple. Rules are known by a method, because their class is loaded late."""
    given = tuple(rules) if isinstance(rules, Iterable) and not isinstance(rules, str) else None
    wrong = [rules] if given is None else [r for r in given if not hasattr(r, "start_tally")]
    if given is None or wrong:
        raise ConfigurationError(
            f"rules must be a list of Rule objects, not {quote(wrong[0])}; "
            "load() reads a file, read() a table"
        )
    return given


def check_number(number: int, rule: Rule) -> int:
    """Return the number of a rule; raise `ConfigurationError` for 0, which no rule has."""
    if number:
        return number
    name = quote(getattr(rule, "name", rule))
    raise ConfigurationError(f"{name} is not a rule of this script: give one of its `rules`")


def _check_kind_is_free(name: str, options: Mapping[str, object]) -> None:
    if "what" in options:
        raise ConfigurationError(
            f"{name}() sets what itself; fault() takes any kind: fault(…, {options['what']!r})"
        )
