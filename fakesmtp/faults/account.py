"""The faults of one account: a part of a script that is written and read as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.script import FaultScript, PlannedFault, check_rules, is_of
from fakesmtp.faults.values import RuleError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.keywords import FaultOptions
    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.script import Chosen
    from fakesmtp.faults.stages import Stage


class AccountFaults(FaultScript):
    """The rules of a script with the condition `app_key`; every new one gets this condition.

    Raises `ConfigurationError` for a rule of another account, and for one at a stage at which the
    account is not known.
    """

    def __init__(self, whole: FaultScript, app_key: str) -> None:
        # Not `super().__init__`: all rules and counters are those of the whole.
        self._whole = whole
        self._app_key = app_key

    @property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override] # nothing assigns to it
        """The rules of the account, in order."""
        return tuple(filter(self._owns, self._whole.rules))

    def add(self, *rules: Rule) -> None:
        """Append rules, for the account alone."""
        self._whole.add(*map(self._bind, check_rules(rules)))

    def replace(self, rules: Iterable[Rule]) -> None:
        """Set these rules of the account and no others; those of other accounts stay."""
        self._whole._replace_of(self._app_key, tuple(map(self._bind, check_rules(rules))))

    def change(self, rule: Rule, wanted: Rule) -> None:
        """Put another rule of the account in the place of one."""
        self._whole.change(self._find(rule), self._bind(wanted))

    def number_of(self, rule: Rule) -> int:
        """Return the number of a rule in the whole script."""
        return self._whole.number_of(self._find(rule))

    def remove(self, rule: Rule) -> None:
        """Remove one rule. Idempotent."""
        self._whole.remove(self._find(rule))

    def switch(self, rule: Rule, *, on: bool) -> None:
        """Switch one rule off, or on again."""
        self._whole.switch(self._find(rule), on=on)

    @property
    def planned(self) -> tuple[tuple[Rule, bool], ...]:
        """All rules of the account, each with whether it is on."""
        return tuple((rule, is_on) for rule, is_on in self._whole.planned if self._owns(rule))

    def _apply(
        self, stage: Stage | None, facts: Facts
    ) -> tuple[Rule, ...] | Callable[[], Awaitable[Chosen]]:
        """Return the rules of the whole script that apply now."""
        return self._whole._apply(stage, facts)

    def applied(self, rule: Rule) -> int:
        """Return how often a rule was applied."""
        return self._whole.applied(self._find(rule))

    def plan(self, rule: Rule) -> PlannedFault:
        """Add a rule that was made before; see `fault`."""
        bound = self._bind(rule)
        self._whole.add(bound)
        return PlannedFault(self._whole, bound)

    def _choose(self, *, used: bool) -> tuple[Rule, ...]:
        return tuple(filter(self._owns, self._whole.used if used else self._whole.unused))

    def _owns(self, rule: Rule) -> bool:
        return is_of(rule, self._app_key)

    def _bind(self, rule: Rule) -> Rule:
        """Return the rule with the condition that the account logged in."""
        from fakesmtp.faults.rules import Rule  # noqa: PLC0415 - lazily: see FaultScript

        app_key = rule.options.get("app_key", self._app_key)
        if app_key != self._app_key:
            raise ConfigurationError(
                f"this account's faults have app_key={self._app_key!r}, not {app_key!r}: plan "
                "those of another account at its own view, or at the server"
            )
        options: FaultOptions = {**rule.options, "name": rule.name, "app_key": app_key}
        try:
            return Rule(rule.where, rule.what, origin=rule.origin, **options)
        except RuleError as error:
            if error.option != "app_key":
                raise
            origin = f"{rule.origin}: " if rule.origin else ""
            raise RuleError(
                f"{origin}the faults of an account apply after its login, so not at {rule.where}: "
                "plan this one for the whole server",
                "where",
            ) from None

    def _find(self, rule: Rule) -> Rule:
        """Return the rule that was made of `rule` when it was added; itself if none was."""
        bound = self._bind(rule)
        rules = (each for each, _ in self.planned)
        return next((each for each in rules if each is rule or each == bound), rule)
