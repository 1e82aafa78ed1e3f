"""The fault rules of a server as requests see and change them, if it shares rules with others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fakesmtp.faults.loading import options_of
from fakesmtp.faults.script import FaultScript, check_rules
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.script import Chosen
    from fakesmtp.faults.stages import Stage
    from fakesmtp.shared.rules import RuleKeeper
    from fakesmtp.storage.shared import SharedRules
    from fakesmtp.storage.updates import Updates


class SharedFaults(FaultScript):
    """The rules of one server's script, then those that servers share; new ones are shared.

    Every method reads the shared rules first. Raises `StoreError`.
    """

    def __init__(
        self, script: FaultScript, keeper: RuleKeeper, rules: SharedRules, updates: Updates
    ) -> None:
        # Not `super().__init__`: all rules and counters are elsewhere.
        self._script = script
        self._keeper = keeper
        self._table = rules
        self._updates = updates

    @property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override] # nothing assigns to it
        """The rules in force, in order."""
        self._keeper.read()
        return self._script.rules

    @property
    def planned(self) -> tuple[tuple[Rule, bool], ...]:
        """All rules in order, each with whether it is switched on."""
        self._keeper.read()
        return self._script.planned

    def add(self, *rules: Rule) -> None:
        """Append rules, for all servers."""
        self._exchange(check_rules(rules), lambda _: False)

    def _exchange(self, wanted: tuple[Rule, ...], goes: Callable[[Rule], bool]) -> None:
        """Set rules in the place of some. One that was in the server's own script stays there."""
        self._keeper.read()
        gone = [number for number, rule in self._keeper.numbers.items() if goes(rule)]
        left = [rule for rule, _ in self._script._own if goes(rule)]
        own: list[Rule] = []
        new: list[Rule] = []
        for rule in wanted:
            if rule in left:
                left.remove(rule)
                own.append(rule)
            else:
                new.append(rule)
        self._script._exchange(tuple(own), goes)
        texts = list(map(_write, new))
        numbers = self._table.exchange(texts, gone).result()
        self._adopt(zip(numbers, texts, new, strict=True))

    def _adopt(self, stored: Iterable[tuple[int, str, Rule]]) -> None:
        """Use these objects for the rules that were stored."""
        for number, text, rule in stored:
            self._keeper.adopt(number, text, rule)
        self._keeper.read()

    def change(self, rule: Rule, wanted: Rule) -> None:
        """Put another rule in the place of one."""
        number = self._shared_number_of(rule)
        if number is None:
            self._script.change(rule, wanted)
            self._publish(rule)
        else:
            text = _write(*check_rules([wanted]))
            self._table.change(number, text).result()
            self._adopt([(number, text, wanted)])

    def remove(self, rule: Rule) -> None:
        """Remove one rule. Idempotent."""
        number = self._shared_number_of(rule)
        if number is None:
            self._publish(rule)
            self._script.remove(rule)
        else:
            self._table.remove(number).result()
            self._keeper.read()

    def switch(self, rule: Rule, *, on: bool) -> None:
        """Switch one rule off, or on again."""
        number = self._shared_number_of(rule)
        if number is None:
            self._script.switch(rule, on=on)
            self._publish(rule)
        else:
            self._table.switch(number, on=on).result()
            self._keeper.read()

    def _shared_number_of(self, rule: Rule) -> int | None:
        numbers = self._keeper.numbers
        return next((number for number, each in numbers.items() if each is rule), None)

    def _publish(self, rule: Rule) -> None:
        """Publish a change of the server's own script. Shared rules are published by the store."""
        self._updates.publish(UpdateKind.FAULTS_CHANGED, [str(self._script.number_of(rule))])

    def applied(self, rule: Rule) -> int:
        """Return how often all servers together had applied a rule when it was read."""
        return self._script.applied(rule)

    def number_of(self, rule: Rule) -> int:
        """Return the number of a rule; 0 for a rule that is not in force."""
        return self._script.number_of(rule)

    def _apply(
        self, stage: Stage | None, facts: Facts
    ) -> tuple[Rule, ...] | Callable[[], Awaitable[Chosen]]:
        """Return the rules that apply now."""
        return self._script._apply(stage, facts)

    def _choose(self, *, used: bool) -> tuple[Rule, ...]:
        self._keeper.read()
        return self._script._choose(used=used)


def _write(rule: Rule) -> str:
    """Return the text of a rule; equal rules have equal texts."""
    return json.dumps(options_of(rule), sort_keys=True)
