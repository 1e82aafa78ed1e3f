"""Each rule about messages: messages that break it, and near misses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from finding_cases import of_advertising, of_messages
from finding_cases.making import ad, auth, ids_of, message

from fakesmtp.findings import MessageReading, MessageRule, Rules
from fakesmtp.findings.catalogue import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    Case = MessageReading | Callable[[], MessageReading]

ALL = Rules(dict.fromkeys((rule.id for rule in RULES if not rule.is_on), "on"), RULES)
TRIGGERS = {**of_advertising.TRIGGERS, **of_messages.TRIGGERS}
NEAR_MISSES = {**of_advertising.NEAR_MISSES, **of_messages.NEAR_MISSES}


def _cases(cases: dict[str, list[Case]]) -> list[object]:
    return [
        pytest.param(rule, case, id=f"{rule}-{number}")
        for rule, each in cases.items()
        for number, case in enumerate(each)
    ]


def _make(case: Case) -> MessageReading:
    return case if isinstance(case, MessageReading) else case()


@pytest.mark.parametrize(("rule", "case"), _cases(TRIGGERS))
def test_broken_rule_is_found(rule: str, case: Case) -> None:
    """A message that breaks a rule has a finding of that rule."""
    reading = _make(case)
    assert rule in ids_of(ALL, reading), f"{reading.subject}\n{reading.said}"


@pytest.mark.parametrize(("rule", "case"), _cases(NEAR_MISSES))
def test_near_miss_is_not_found(rule: str, case: Case) -> None:
    """A message that only resembles one that breaks the rule has no finding of that rule."""
    reading = _make(case)
    assert rule not in ids_of(ALL, reading), f"{reading.subject}\n{reading.said}"


def test_every_rule_has_cases() -> None:
    """Each rule about messages has cases that break it and near misses."""
    ids = {rule.id for rule in RULES if isinstance(rule, MessageRule)}
    assert (TRIGGERS.keys(), NEAR_MISSES.keys()) == (ids, ids)


@pytest.mark.parametrize("reading", [ad(), message(), auth(), message(None)])
def test_good_message_has_no_findings(reading: MessageReading) -> None:
    """A message without mistakes has no findings."""
    assert ALL.check_message(reading) == ()


@pytest.mark.parametrize("content_type", ["text/plain", 'text/plain; charset=" "'])
def test_text_without_a_charset(content_type: str) -> None:
    """A text that is not ASCII and names no character set has the default one."""
    findings = ALL.check_message(message(content_type=content_type))
    (text,) = [each.text for each in findings if each.rule == "mime-charset"]
    assert text.startswith("the text of part 1 is not in its character set 'us-ascii'; write")
