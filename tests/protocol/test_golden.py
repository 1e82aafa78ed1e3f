"""The dialogue replies like the recorded software, in whatever pieces the bytes arrive."""

from __future__ import annotations

import pytest
from driver import Driver
from scenarios import AS_UNSAFE_AS_RECORDED, DECIDED_AGAINST, Scenario, load

from fakesmtp.protocol.nhn import AS_RECORDED
from fakesmtp.protocol.policy import Policy

ALL = load()
SAFE = [s for s in ALL if not s.unsafe and s.name not in DECIDED_AGAINST]
UNSAFE = [s for s in ALL if s.unsafe or s.name in DECIDED_AGAINST]
#: Scenarios whose reply to RCPT is as recorded; only accepting the message is unsafe, see below.
ANSWERED_ALIKE = "relay/"


def play(scenario: Scenario, policy: Policy, *, whole: bool) -> list[str]:
    """Play a scenario; return the differences."""
    driver = Driver(policy, AS_RECORDED, tls=scenario.implicit_tls)
    problems = []
    for number, step in enumerate(scenario.steps):
        pieces = [step.send] if whole else [bytes([byte]) for byte in step.send]
        replies = driver.take_replies()
        for piece in pieces:
            replies += driver.send(piece)
        if replies != step.expect:
            problems.append(f"step {number}: expected {step.expect}, got {replies}")
        if driver.closed != step.closed:
            problems.append(f"step {number}: closed is {driver.closed}")
        if step.starts_tls:
            driver.start_tls()
    delivered = [(d.envelope.mail_from, d.envelope.rcpt_tos, d.raw) for d in driver.delivered]
    if scenario.delivered is not None and delivered != scenario.delivered:
        problems.append(f"expected {scenario.delivered} to be delivered, got {delivered}")
    return problems


@pytest.mark.parametrize("scenario", SAFE, ids=str)
def test_safe_scenarios_are_followed(scenario: Scenario) -> None:
    """By default every reply, close and delivery is as recorded."""
    assert play(scenario, Policy(), whole=True) == []


@pytest.mark.parametrize("scenario", SAFE, ids=str)
def test_safe_scenarios_are_followed_byte_by_byte(scenario: Scenario) -> None:
    """The replies are the same byte by byte."""
    assert play(scenario, Policy(), whole=False) == []


@pytest.mark.parametrize("scenario", ALL, ids=str)
def test_all_scenarios_are_followed_with_the_unsafe_switches(scenario: Scenario) -> None:
    """With every `unsafe_` switch on, all recorded scenarios are followed."""
    assert play(scenario, AS_UNSAFE_AS_RECORDED, whole=True) == []


@pytest.mark.parametrize(
    "scenario", [s for s in UNSAFE if not s.name.startswith(ANSWERED_ALIKE)], ids=str
)
def test_unsafe_scenarios_are_not_followed_by_default(scenario: Scenario) -> None:
    """Behaviour that is a vulnerability, or would hide a mistake, needs a switch."""
    assert play(scenario, Policy(), whole=True) != []


@pytest.mark.parametrize(
    "scenario", [s for s in UNSAFE if s.name.startswith(ANSWERED_ALIKE)], ids=str
)
@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        (Policy(), "530 5.7.1 Authentication Required"),
        (AS_UNSAFE_AS_RECORDED, "354 Ok Send data ending with <CRLF>.<CRLF>"),
    ],
    ids=["default", "switch"],
)
def test_message_without_auth_needs_a_switch(
    scenario: Scenario, policy: Policy, answer: str
) -> None:
    """The replies to postmaster@ and abuse@ are as recorded, but DATA is refused."""
    driver = Driver(policy, AS_RECORDED)
    driver.take_replies()
    for step in scenario.steps[1:]:
        assert driver.send(step.send) == step.expect
    assert driver.send(b"DATA\r\n") == [answer]


def test_there_are_enough_scenarios() -> None:
    """All scenarios of the file are tested."""
    assert len(ALL) == 542
    assert len(SAFE) == 528
