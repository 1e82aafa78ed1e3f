"""Options of one rule that do not go together are an error that says what would be right."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import pytest

from fakesmtp.faults import FaultScript, Rule
from fakesmtp.faults.facts import Facts
from fakesmtp.faults.schedule import COUNTED_PER, Tally
from fakesmtp.faults.stages import ONCE, Stage
from fakesmtp.faults.values import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator

FACTS = Facts(port=587, tls=False)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
#: Values of a schedule that are more than "always".
VALUES = {"nth": [1, 2, 5], "every": [2, 3], "after": [1, 2, 3, 5], "times": [1, 2]}
VALUES |= {"over_rate": [1, 2]}
#: Moments after which every such schedule has shown what it does.
MANY = 40

CLASHES = [
    (
        {"nth": 3, "every": 2},
        "nth = 3 and every = 2 do not go together: nth is one time, every is many; give one of",
    ),
    ({"nth": 4, "every": 2}, "nth = 4 and every = 2 do not go together"),
    (
        {"nth": 2, "after": 3},
        "nth counts from the first time; leave out after, or write nth = 5",
    ),
    ({"nth": 2, "times": 1}, "nth = 2 and times = 1 do not go together: nth is one time; leave o"),
    ({"nth": 2, "over_rate": 5}, "one time is never above a rate; leave out nth"),
    ({"every": 5, "after": 3}, "after = 3 does nothing beside every = 5, which also counts from t"),
    ({"per": "account"}, "per = 'account' counts nothing by itself: leave it out, or add one of"),
    ({"per": "session", "between": [0, 1]}, "one of nth, every, after, times, over_rate, probab"),
    ({"per": "recipient", "times": 1}, "per = 'recipient' is not possible at mail; it is at rcpt"),
    ({"port": 2465, "tls": False}, "tls = false never matches on port 2465, which starts with T"),
    ({"between": ["00:00", "00:00"]}, "between must begin and end at different times of day, or"),
    ({"between": ["02:30", "02:30:00"]}, "left out for the whole day, not ['02:30', '02:30:00']"),
]


@pytest.mark.parametrize(("options", "says"), CLASHES)
def test_options_that_do_not_go_together(options: dict[str, Any], says: str) -> None:
    """The error has the values, and says what would be right."""
    with pytest.raises(RuleError) as refused:
        Rule("mail", "drop", **options)
    assert says in str(refused.value)


def schedules(most: int = len(VALUES)) -> Iterator[dict[str, Any]]:
    """Give all combinations of at most so many entries with all values."""
    for number in range(1, most + 1):
        for names in combinations(VALUES, number):
            for values in product(*map(VALUES.__getitem__, names)):
                yield dict(zip(names, values, strict=True))


def applied(options: dict[str, Any]) -> list[int]:
    """Return the numbers of the moments, all in the same second, at which a schedule applies."""
    tally = Tally("rule", options, 0)  # type: ignore[arg-type]
    return [n for n in range(1, MANY) if tally.apply(FACTS, 0, lambda: NOON)]


def is_sound(options: dict[str, Any]) -> bool:
    """Return whether a schedule applies at some time, and differs without each of its entries."""
    found = applied(options)
    without = ({name: options[name] for name in options if name != each} for each in options)
    return bool(found) and all(applied(other) != found for other in without)


def is_accepted(options: dict[str, Any], where: str = "mail") -> bool:
    """Return whether a rule with these options can be made."""
    try:
        Rule(where, "drop", **options)
    except RuleError:
        return False
    return True


def test_two_entries_are_refused_or_sound() -> None:
    """Exactly those pairs are accepted that apply, and in which each entry has an effect."""
    found = [each for each in schedules(2) if is_accepted(each) is not is_sound(each)]
    assert found == []


def test_every_accepted_schedule_applies() -> None:
    """Whatever the entries of a schedule are, it applies at some time, or it is refused."""
    accepted = [each for each in schedules() if is_accepted(each)]
    assert len(accepted) > MANY
    assert [each for each in accepted if not applied(each)] == []


def test_what_comes_once_in_a_session_is_not_counted_in_it() -> None:
    """`per` is possible where a rule can meet several moments of what it counts for."""
    per = {
        each: {str(stage) for stage in Stage if is_accepted({"times": 1, "per": each}, stage)}
        for each in COUNTED_PER
    }
    assert per["rule"] == set(map(str, Stage))
    assert per["session"] == per["rule"] - set(map(str, ONCE))
    assert per["account"] >= {"auth", "mail", "any"}
    assert per["account"].isdisjoint({"connect", "greeting", "tls-handshake", "starttls"})
    assert per["recipient"] >= {"rcpt", "data", "end-of-data", "any"}
    assert per["recipient"].isdisjoint({"connect", "ehlo", "auth", "mail"})


def test_tls_is_not_a_condition_before_it_is_known() -> None:
    """Before the handshake every session is in plaintext, also on port 465."""
    for stage in ("connect", "tls-handshake"):
        with pytest.raises(RuleError, match=f"tls is not known at {stage}; it is at greeting, "):
            Rule(stage, "drop", tls=True)


def test_limits_have_no_clashes() -> None:
    """A limit is refused, too, if its own options do not go with those that are given."""
    with pytest.raises(RuleError, match="nth = 2 and over_rate = 5 do not go together"):
        FaultScript().limit("messages-per-second", 5, nth=2)
