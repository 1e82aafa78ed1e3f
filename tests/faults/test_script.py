"""Schedules: rules apply by count, by the clock, or at random with a fixed seed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fakesmtp import ConfigurationError
from fakesmtp.faults import FaultScript, Rule, Stage
from fakesmtp.faults.account import AccountFaults
from fakesmtp.faults.facts import Facts

FACTS = Facts(port=587, tls=False, app_key="one", session="1", recipients=("a@example.org",))


def list_applied(script: FaultScript, number: int, facts: Facts = FACTS) -> list[int]:
    """Reach RCPT `number` times; return the numbers, from 1, at which a rule was applied."""
    applied = (bool(script._apply(Stage.RCPT, facts)) for _ in range(number))
    return [n for n, is_applied in enumerate(applied, 1) if is_applied]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 3}, [3]),
        ({"times": 2}, [1, 2]),
        ({"every": 2}, [2, 4, 6]),
        ({"after": 4}, [5, 6]),
        ({"after": 1, "times": 2}, [2, 3]),
        ({"every": 2, "times": 2}, [2, 4]),
    ],
)
def test_counts(options: dict[str, int], expected: list[int]) -> None:
    """A rule applies at the counts of its schedule, then it stops."""
    rule = Rule(where="rcpt", what="drop", **options)
    script = FaultScript([rule])
    assert list_applied(script, 6) == expected
    assert script.applied(rule) == len(expected)


@pytest.mark.parametrize(
    ("per", "other"),
    [
        ("account", {"app_key": "two"}),
        ("recipient", {"recipients": ("b@example.org",)}),
        ("session", {"session": "2"}),
    ],
)
def test_counters_per(per: str, other: dict[str, object]) -> None:
    """Each account, recipient or session has its own counter."""
    script = FaultScript([Rule(where="rcpt", what="drop", nth=2, per=per)])
    assert list_applied(script, 3) == [2]
    assert list_applied(script, 3, replace(FACTS, **other)) == [2]
    assert list_applied(script, 3) == []


def test_moments_that_do_not_match_are_not_counted() -> None:
    """Only moments that match stage and conditions are counted."""
    script = FaultScript([Rule(where="rcpt", what="drop", nth=2, app_key="two")])
    assert list_applied(script, 5) == []
    assert list_applied(script, 2, replace(FACTS, app_key="two")) == [2]


def test_first_replacing_rule_is_the_last() -> None:
    """Rules apply in order up to the first that replaces the reply; later ones do not count."""
    late = Rule(where="rcpt", seconds=1, name="late")
    first = Rule(where="rcpt", what="drop", times=1, name="first")
    second = Rule(where="rcpt", reply="450 no", times=1, name="second")
    script = FaultScript([late, first, second])
    assert script._apply(Stage.RCPT, FACTS) == (late, first)
    assert script._apply(Stage.RCPT, FACTS) == (late, second)
    assert script._apply(Stage.RCPT, FACTS) == (late,)


def run_at_random(seed: int) -> list[int]:
    """Reach RCPT a hundred times, with a rule of probability 0.5."""
    rule = Rule(where="rcpt", what="drop", probability=0.5, seed=seed)
    return list_applied(FaultScript([rule]), 100)


def test_the_same_seed_gives_the_same_run() -> None:
    """A seed applies a rule at the same moments in every run, another seed at others."""
    assert run_at_random(1) == run_at_random(1)
    assert run_at_random(1) != run_at_random(2)
    assert 20 < len(run_at_random(1)) < 80


def test_random_rules_do_not_depend_on_others() -> None:
    """The rules of one account do not depend on the sessions of other accounts."""
    rule = Rule(where="rcpt", what="drop", probability=0.5, seed=1, per="account")
    alone, shared = FaultScript([rule]), FaultScript([rule])
    expected = list_applied(alone, 50)
    found = []
    for n in range(1, 51):
        list_applied(shared, 3, replace(FACTS, app_key="two"))
        found += [n] if list_applied(shared, 1) else []
    assert found == expected


class Clock:
    """A clock that a test sets: seconds, and the time of day."""

    def __init__(self) -> None:
        self.now = 100.0
        self.time = "00:00"

    def seconds(self) -> float:
        """Return the seconds."""
        return self.now

    def time_of_day(self) -> datetime:
        """Return the time of day."""
        hour, minute = map(int, self.time.split(":"))
        return datetime(2026, 1, 1, hour, minute, tzinfo=UTC)


def make_script(clock: Clock, rule: Rule) -> FaultScript:
    """Return a script that uses the clock."""
    return FaultScript([rule], clock=clock.seconds, time_of_day=clock.time_of_day)


def test_between_seconds() -> None:
    """A rule can apply between two numbers of seconds after it was loaded."""
    clock = Clock()
    script = make_script(clock, Rule(where="rcpt", what="drop", between=(1, 2.5)))
    found = []
    for seconds in (0, 1, 2, 2.5, 9):
        clock.now = 100 + seconds
        found += [seconds] if list_applied(script, 1) else []
    assert found == [1, 2]


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (("02:00", "02:30"), ["02:00", "02:29"]),
        (("23:30", "02:10"), ["01:59", "02:00", "23:45", "00:00"]),
    ],
)
def test_between_times_of_day(between: tuple[str, str], expected: list[str]) -> None:
    """A rule can apply between two times of day, also across midnight."""
    clock = Clock()
    script = make_script(clock, Rule(where="rcpt", what="drop", between=between))
    found = []
    for clock.time in ("01:59", "02:00", "02:29", "02:30", "23:45", "00:00"):
        found += [clock.time] if list_applied(script, 1) else []
    assert sorted(found) == sorted(expected)


def test_rate() -> None:
    """The limit of messages per second counts each AppKey, over the last second."""
    clock = Clock()
    script = make_script(clock, Rule(where="noop", what="drop"))
    rule = script.limit("messages-per-second", 2).rule

    def applies_at_mail(app_key: str) -> bool:
        return rule in script._apply(Stage.MAIL, replace(FACTS, app_key=app_key))

    found = [applies_at_mail(app_key) for app_key in ("one", "one", "one", "two")]
    assert found == [False, False, True, False]
    clock.now += 0.9
    assert applies_at_mail("one")
    clock.now += 0.1
    assert not applies_at_mail("one")


def test_other_limits() -> None:
    """Limits of recipients, connections and size apply above the number, not at it."""
    script = FaultScript()
    recipients = script.limit("recipients_per_message", 2).rule
    connections = script.limit("connections", 1, reply="421 4.3.2 Full").rule
    size = script.limit("size", 10).rule
    assert script._apply(Stage.RCPT, replace(FACTS, accepted=1)) == ()
    assert script._apply(Stage.RCPT, replace(FACTS, accepted=2)) == (recipients,)
    assert script._apply(Stage.GREETING, FACTS) == ()
    assert script._apply(Stage.GREETING, replace(FACTS, connections=lambda: 2)) == (connections,)
    assert script._apply(Stage.END_OF_DATA, replace(FACTS, message=bytes(10))) == ()
    assert script._apply(Stage.END_OF_DATA, replace(FACTS, message=bytes(11))) == (size,)


def test_used_and_unused() -> None:
    """The error names the rules that were never applied, with the line that made them."""
    script = FaultScript()
    used = script.fail("rcpt")
    unused = script.delay("quit", seconds=1)
    assert list_applied(script, 1) == [1]
    assert (script.used, script.unused) == ((used.rule,), (unused.rule,))
    assert (used.applied, unused.applied) == (1, 0)
    with pytest.raises(AssertionError, match=r"applied: delay at quit \(test_script.py:\d+\)"):
        script.assert_used()
    unused.remove()
    script.assert_used()


def test_context_manager() -> None:
    """As a context manager a rule is removed at the end of the block, also after an error."""
    script = FaultScript()

    def fail_within() -> None:
        with script.fault("rcpt", "drop"):
            assert list_applied(script, 1) == [1]
            raise KeyError

    with pytest.raises(KeyError):
        fail_within()
    assert script.rules == ()


def test_replace_keeps_counters_of_equal_rules() -> None:
    """A rule that was there before keeps its counters, whatever its position and origin."""
    script = FaultScript([Rule(where="rcpt", what="drop", nth=2, origin="a:1")])
    assert list_applied(script, 1) == []
    script.replace([Rule(where="quit", what="drop"), Rule(where="rcpt", what="drop", nth=2)])
    assert list_applied(script, 1) == [1]


def test_a_rule_is_switched_off_and_on() -> None:
    """A rule that is off does nothing and is not in force; it keeps its place and its counters."""
    rules = [Rule(where="rcpt", what="drop"), Rule(where="mail", what="drop")]
    script = FaultScript(rules)
    assert list_applied(script, 1) == [1]
    script.switch(rules[0], on=False)
    assert list_applied(script, 2) == []
    assert script.rules == (rules[1],)
    assert script.planned == ((rules[0], False), (rules[1], True))
    script.switch(rules[0], on=True)
    assert list_applied(script, 1) == [1]
    assert script.applied(rules[0]) == 2
    assert script.rules == tuple(rules)


def test_rule_of_another_script_is_not_changed() -> None:
    """A rule that is not of the script cannot be changed; the error names it."""
    script = FaultScript([Rule(where="rcpt", what="drop")])
    stranger = Rule(where="rcpt", what="drop", name="stranger")
    with pytest.raises(ConfigurationError, match=r"^'stranger' is not a rule of this script: "):
        script.change(stranger, Rule(where="rcpt", what="reset"))
    assert [rule.what for rule in script.rules] == ["drop"]


def test_an_account_switches_its_own_rules_only() -> None:
    """Replacing the rules of one account leaves the switches of other accounts as they are."""
    whole = FaultScript([Rule(where="rcpt", what="drop", app_key="two")])
    whole.switch(whole.rules[0], on=False)
    faults = AccountFaults(whole, "one")
    faults.replace([Rule(where="rcpt", what="reset")])
    (rule,) = faults.rules
    faults.switch(rule, on=False)
    assert faults.planned == ((rule, False),)
    assert [is_on for _, is_on in whole.planned] == [False, False]


def test_counters_are_thread_safe() -> None:
    """In many threads a rule applies exactly as often as its schedule allows."""
    script = FaultScript([Rule(where="rcpt", what="drop", times=50)])
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: len(list_applied(script, 100)), range(8))
        assert sum(found) == 50
