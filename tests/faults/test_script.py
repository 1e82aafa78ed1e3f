"""When a rule strikes: counted, by the clock, by luck that is the same in every run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fakesmtp.faults import FaultScript, Rule, Where
from fakesmtp.faults.facts import Facts

FACTS = Facts(port=587, tls=False, app_key="one", session="1", recipients=("a@example.org",))


def strikes(script: FaultScript, number: int, facts: Facts = FACTS) -> list[int]:
    """Come to RCPT so many times, and say which of them were struck, from 1."""
    struck = (bool(script.strike(Where.RCPT, facts)) for _ in range(number))
    return [n for n, is_struck in enumerate(struck, 1) if is_struck]


@pytest.mark.parametrize(
    ("words", "expected"),
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
def test_counted(words: dict[str, int], expected: list[int]) -> None:
    """A rule strikes the times that its words say, and is healed then."""
    rule = Rule(where="rcpt", what="drop", **words)
    script = FaultScript([rule])
    assert strikes(script, 6) == expected
    assert script.strikes(rule) == len(expected)


@pytest.mark.parametrize(
    ("per", "other"),
    [
        ("account", {"app_key": "two"}),
        ("recipient", {"recipients": ("b@example.org",)}),
        ("session", {"session": "2"}),
    ],
)
def test_counted_for_each(per: str, other: dict[str, object]) -> None:
    """Each account, recipient or session has a counter of its own."""
    script = FaultScript([Rule(where="rcpt", what="drop", nth=2, per=per)])
    assert strikes(script, 3) == [2]
    assert strikes(script, 3, replace(FACTS, **other)) == [2]
    assert strikes(script, 3) == []


def test_a_moment_that_does_not_fit_is_not_counted() -> None:
    """Only the moments count at which where and who fit."""
    script = FaultScript([Rule(where="rcpt", what="drop", nth=2, app_key="two")])
    assert strikes(script, 5) == []
    assert strikes(script, 2, replace(FACTS, app_key="two")) == [2]


def test_the_first_that_replaces_is_the_last() -> None:
    """Rules compose in order, up to the first that replaces the answer; later ones wait."""
    late = Rule(where="rcpt", seconds=1, name="late")
    first = Rule(where="rcpt", what="drop", times=1, name="first")
    second = Rule(where="rcpt", reply="450 no", times=1, name="second")
    script = FaultScript([late, first, second])
    assert script.strike(Where.RCPT, FACTS) == (late, first)
    assert script.strike(Where.RCPT, FACTS) == (late, second)
    assert script.strike(Where.RCPT, FACTS) == (late,)


def run_by_luck(seed: int) -> list[int]:
    """Come to RCPT a hundred times, with a rule of a half."""
    rule = Rule(where="rcpt", what="drop", probability=0.5, seed=seed)
    return strikes(FaultScript([rule]), 100)


def test_the_same_seed_gives_the_same_run() -> None:
    """Luck is repeatable, and another seed is other luck."""
    assert run_by_luck(1) == run_by_luck(1)
    assert run_by_luck(1) != run_by_luck(2)
    assert 20 < len(run_by_luck(1)) < 80


def test_luck_does_not_depend_on_others() -> None:
    """What one account meets does not depend on how many others are served meanwhile."""
    rule = Rule(where="rcpt", what="drop", probability=0.5, seed=1, per="account")
    alone, crowded = FaultScript([rule]), FaultScript([rule])
    expected = strikes(alone, 50)
    found = []
    for n in range(1, 51):
        strikes(crowded, 3, replace(FACTS, app_key="two"))
        found += [n] if strikes(crowded, 1) else []
    assert found == expected


class Clock:
    """A clock that tests turn: seconds, and the time of the day."""

    def __init__(self) -> None:
        self.now = 100.0
        self.time = "00:00"

    def seconds(self) -> float:
        """Give the seconds."""
        return self.now

    def time_of_day(self) -> datetime:
        """Give the time."""
        hour, minute = map(int, self.time.split(":"))
        return datetime(2026, 1, 1, hour, minute, tzinfo=UTC)


def make_script(clock: Clock, rule: Rule) -> FaultScript:
    """Make a script that lives by the clock."""
    return FaultScript([rule], clock=clock.seconds, time_of_day=clock.time_of_day)


def test_between_seconds() -> None:
    """A rule can hold from one second to another, from when it was loaded."""
    clock = Clock()
    script = make_script(clock, Rule(where="rcpt", what="drop", between=(1, 2.5)))
    found = []
    for seconds in (0, 1, 2, 2.5, 9):
        clock.now = 100 + seconds
        found += [seconds] if strikes(script, 1) else []
    assert found == [1, 2]


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (("02:00", "02:30"), ["02:00", "02:29"]),
        (("23:30", "02:10"), ["01:59", "02:00", "23:45", "00:00"]),
    ],
)
def test_between_times_of_the_day(between: tuple[str, str], expected: list[str]) -> None:
    """A rule can hold from one time of the day to another, also over midnight."""
    clock = Clock()
    script = make_script(clock, Rule(where="rcpt", what="drop", between=between))
    found = []
    for clock.time in ("01:59", "02:00", "02:29", "02:30", "23:45", "00:00"):
        found += [clock.time] if strikes(script, 1) else []
    assert sorted(found) == sorted(expected)


def test_rate() -> None:
    """A limit of messages a second is for each AppKey, and over when the second is."""
    clock = Clock()
    script = make_script(clock, Rule(where="noop", what="drop"))
    rule = script.limit("messages-per-second", 2).rule

    def come(app_key: str) -> bool:
        return rule in script.strike(Where.MAIL, replace(FACTS, app_key=app_key))

    assert [come("one"), come("one"), come("one"), come("two")] == [False, False, True, False]
    clock.now += 0.9
    assert come("one")
    clock.now += 0.1
    assert not come("one")


def test_other_limits() -> None:
    """Limits of recipients, connections and size strike over the number, not at it."""
    script = FaultScript()
    recipients = script.limit("recipients_per_message", 2).rule
    connections = script.limit("connections", 1, reply="421 4.3.2 Full").rule
    size = script.limit("size", 10).rule
    assert script.strike(Where.RCPT, replace(FACTS, accepted=1)) == ()
    assert script.strike(Where.RCPT, replace(FACTS, accepted=2)) == (recipients,)
    assert script.strike(Where.GREETING, FACTS) == ()
    assert script.strike(Where.GREETING, replace(FACTS, connections=lambda: 2)) == (connections,)
    assert script.strike(Where.END_OF_DATA, replace(FACTS, message=bytes(10))) == ()
    assert script.strike(Where.END_OF_DATA, replace(FACTS, message=bytes(11))) == (size,)


def test_used_and_unused() -> None:
    """Rules that never struck are named, with the line in which they were made."""
    script = FaultScript()
    used = script.fail("rcpt")
    unused = script.delay("quit", seconds=1)
    assert strikes(script, 1) == [1]
    assert (script.used, script.unused) == ((used.rule,), (unused.rule,))
    assert (used.strikes, unused.strikes) == (1, 0)
    with pytest.raises(AssertionError, match=r"never struck: delay at quit \(test_script.py:\d+\)"):
        script.assert_used()
    unused.remove()
    script.assert_used()


def test_during() -> None:
    """A rule may hold for a block, and is gone when the block fails."""
    script = FaultScript()

    def fail_within() -> None:
        with script.fault("rcpt", "drop"):
            assert strikes(script, 1) == [1]
            raise KeyError

    with pytest.raises(KeyError):
        fail_within()
    assert script.rules == ()


def test_replacing_keeps_the_counters_of_rules_that_stay() -> None:
    """A rule that is the same as before goes on counting, wherever it stands now."""
    script = FaultScript([Rule(where="rcpt", what="drop", nth=2, origin="a:1")])
    assert strikes(script, 1) == []
    script.replace([Rule(where="quit", what="drop"), Rule(where="rcpt", what="drop", nth=2)])
    assert strikes(script, 1) == [1]


def test_counting_in_many_threads() -> None:
    """Of many threads at once, exactly the first so many are struck."""
    script = FaultScript([Rule(where="rcpt", what="drop", times=50)])
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: len(strikes(script, 100)), range(8))
        assert sum(found) == 50
