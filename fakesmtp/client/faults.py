"""The planned faults of a running server, as a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.errors import FakeSMTPError
from fakesmtp.faults.loading import options_of, read_table
from fakesmtp.faults.script import FaultScript, check_number, check_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.client.requests import Requests
    from fakesmtp.faults.rules import Rule


class RemoteFaults(FaultScript):
    """The rules of a running server. Each method is a request; see `FaultScript`."""

    def __init__(self, requests: Requests) -> None:
        # Not `super().__init__`: all rules and counters are those of the server.
        self._requests = requests
        self._known: dict[int, Rule] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:  # type: ignore[override] # nothing assigns to it
        """The rules, in order."""
        return tuple(rule for rule, _ in self._read())

    def _read(self) -> list[tuple[Rule, dict[str, Any]]]:
        """Return the rules, each with what the server returns about it."""
        answer = self._requests.get("/faults")["faults"]
        return [(self._rule_of(each), each) for each in answer]

    def _rule_of(self, answer: dict[str, Any]) -> Rule:
        """Return the rule of an id: always the same object while it does not change."""
        (rule,) = read_table({"fault": [answer["fault"]]})
        known = self._known.get(answer["id"])
        if known is None or known != rule:
            known = self._known[answer["id"]] = rule
        return known

    def add(self, *rules: Rule) -> None:
        """Append rules."""
        for rule in check_rules(rules):
            answer = self._requests.change("POST", "/faults", options_of(rule))
            self._known[answer["id"]] = rule

    def replace(self, rules: Iterable[Rule]) -> None:
        """Set these rules and no others; those that stay keep their counters."""
        self._known = self._put(check_rules(rules))

    def _replace_of(self, app_key: str, wanted: tuple[Rule, ...]) -> None:
        self._known |= self._put(wanted, app_key=app_key)

    def _put(self, wanted: tuple[Rule, ...], **parameters: str) -> dict[int, Rule]:
        """Send the rules; return them by their numbers."""
        table = {"fault": [options_of(rule) for rule in wanted]}
        answer = self._requests.change("PUT", "/faults", table, **parameters)["faults"]
        return {each["id"]: rule for each, rule in zip(answer, wanted, strict=True)}

    def change(self, rule: Rule, wanted: Rule) -> None:
        """Put another rule in the place of one."""
        number = check_number(self.number_of(rule), rule)
        self._requests.change("PUT", f"/faults/{number}", options_of(wanted))
        self._known[number] = wanted

    def remove(self, rule: Rule) -> None:
        """Remove one rule. Idempotent."""
        number = self.number_of(rule)
        if number:
            self._requests.change("DELETE", f"/faults/{number}")
            del self._known[number]

    def switch(self, rule: Rule, *, on: bool) -> None:
        """Raise `FakeSMTPError`: the API has no switch."""
        del rule, on
        raise FakeSMTPError(
            "a rule of a running server can be switched on its page only: remove it here, and add "
            "it again"
        )

    @property
    def planned(self) -> tuple[tuple[Rule, bool], ...]:
        """The rules that are switched on."""
        return tuple((rule, True) for rule in self.rules)

    def number_of(self, rule: Rule) -> int:
        """Return the number of a rule, 0 for an unknown one."""
        return next((number for number, each in self._known.items() if each is rule), 0)

    def applied(self, rule: Rule) -> int:
        """Return how often a rule was applied."""
        answer = self._requests.get(f"/faults/{self.number_of(rule)}")
        return 0 if answer is None else int(answer["applied"])

    def _choose(self, *, used: bool) -> tuple[Rule, ...]:
        return tuple(rule for rule, answer in self._read() if (answer["applied"] > 0) is used)
