"""The fault rules that servers share: in force at this server, and counted together."""

from __future__ import annotations

import json
import logging
from asyncio import wrap_future
from collections import deque
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.clock import local_now, now
from fakesmtp.errors import ConfigurationError, StoreError
from fakesmtp.faults.loading import read_table
from fakesmtp.faults.schedule import Counts
from fakesmtp.faults.script import Chosen
from fakesmtp.storage.shared import Counted, Counter
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.schedule import Tally
    from fakesmtp.faults.script import FaultScript, Planned
    from fakesmtp.sessions import Session
    from fakesmtp.storage.shared import SharedRule, SharedRules
    from fakesmtp.storage.updates import Updates

log = logging.getLogger("fakesmtp")


class _Known(NamedTuple):
    """The text of a rule in the store, and the rule; None for one that is not understood here."""

    text: str
    rule: Rule | None


class RuleKeeper:
    """Keeps the shared rules in a script, and asks the store which of them apply. Thread-safe."""

    def __init__(self, script: FaultScript, rules: SharedRules, updates: Updates) -> None:
        """Read the rules. Raises `StoreError`."""
        self._script = script
        self._rules = rules
        self._updates = updates
        self._known: dict[int, _Known] = {}
        #: Sessions that have ended, if rules count for each session.
        self._ended: deque[str] = deque()
        self._lock = RLock()
        self.read()

    def read(self) -> None:
        """Read the rules again. Raises `StoreError`."""
        with self._lock:
            rows = self._rules.read()
            self._known = {row.number: self._recognize(row) for row in rows}
            planned = tuple(
                (known.rule, _make_tally(known.rule, row))
                for row, known in zip(rows, self._known.values(), strict=True)
                if known.rule is not None
            )
            self._script._share(planned, self._ask)

    def adopt(self, number: int, text: str, rule: Rule) -> None:
        """Use this object for a rule that was just stored."""
        with self._lock:
            self._known[number] = _Known(text, rule)

    def end_session(self, session: Session) -> None:
        """Note that nothing is counted for a session any more."""
        if any(rule.options.get("per") == "session" for rule in self.numbers.values()):
            self._ended.append(session.id)

    def forget_sessions(self) -> None:
        """Remove the counters of the sessions that have ended. Raises `StoreError`."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        if ended:
            self._rules.forget(ended).result()

    @property
    def numbers(self) -> dict[int, Rule]:
        """The shared rules by their numbers."""
        return {n: known.rule for n, known in self._known.items() if known.rule is not None}

    def _recognize(self, row: SharedRule) -> _Known:
        """Return the rule of a row: always the same object while it does not change."""
        known = self._known.get(row.number)
        if known is not None and known.text == row.rule:
            return known
        try:
            (rule,) = read_table({"fault": [json.loads(row.rule)]})
        except ConfigurationError as error:
            log.warning("fault %s of another server is not in force here: %s", row.number, error)
            return _Known(row.rule, None)
        return _Known(row.rule, rule)

    # -- which rules apply -------------------------------------------------------------------------

    async def _ask(self, matching: Planned, facts: Facts) -> Chosen:
        """Count the rules that match; return those that apply."""
        keys = {tally.number: tally.key_of(facts) for _, tally in matching}
        decide = partial(_decide, matching, keys)
        try:
            numbers = await wrap_future(self._rules.count(keys, decide))
        except StoreError as error:
            return _choose_alone(matching, keys, error)
        self._updates.publish(UpdateKind.FAULTS_APPLIED, list(map(str, numbers)))
        return Chosen(tuple(rule for rule, tally in matching if tally.number in numbers))


def _make_tally(rule: Rule, row: SharedRule) -> Tally:
    tally = rule.start_tally(row.began)
    tally.number, tally.is_on, tally.applied = row.number, row.is_on, row.applied
    return tally


def _decide(
    matching: Planned, keys: Mapping[int, str], counters: Mapping[int, Counter], time: float
) -> Counted:
    """Return the rules that apply, in order, up to the first that replaces the reply."""
    changed: dict[int, Counter] = {}

    def applies(tally: Tally) -> bool:
        number = tally.number
        if number not in counters:  # removed or switched off a moment ago
            return False
        counts = Counts(*counters[number])
        is_applied = tally.judge(keys[number], counts, time, local_now)
        if tally.has_counters:
            changed[number] = Counter(counts.number, counts.applied, tuple(counts.passed))
        return is_applied

    applied = _choose(matching, applies)
    return Counted(tuple(tally.number for _, tally in applied), changed)


def _choose(matching: Planned, applies: Callable[[Tally], bool]) -> Planned:
    chosen = []
    for rule, tally in matching:
        if applies(tally):
            chosen.append((rule, tally))
            if rule.kind.act is not None:
                break
    return tuple(chosen)


def _choose_alone(matching: Planned, keys: Mapping[int, str], error: StoreError) -> Chosen:
    """Return the rules that apply without a counter, because the store cannot be asked."""
    left_out = [rule.name for rule, tally in matching if tally.has_counters]

    def applies(tally: Tally) -> bool:
        key = keys[tally.number]
        return not tally.has_counters and tally.judge(key, Counts(), now(), local_now)

    applied = tuple(rule for rule, _ in _choose(matching, applies))
    if not left_out:
        return Chosen(applied)
    names = ", ".join(left_out)
    return Chosen(
        applied, f"planned faults that must be counted were not applied: {names}; {error}"
    )
