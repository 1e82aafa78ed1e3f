"""Over real sockets and real TLS, the server replies like the recorded software."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from loops import LOOPS
from raw_client import RawClient
from scenarios import AS_UNSAFE_AS_RECORDED, DECIDED_AGAINST, KEYS, Scenario, load

from fakesmtp import AS_RECORDED, FakeSMTP, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = load()
SAFE = [s for s in ALL if not s.unsafe and s.name not in DECIDED_AGAINST]


def serve(policy: Policy, loop: str) -> Iterator[FakeSMTP]:
    """Run a server that knows the keys of the recordings."""
    options = {"ports": {587: 0, 465: 0}, "accounts": [KEYS], "profile": AS_RECORDED}
    with FakeSMTP(policy=policy, loop_factory=LOOPS[loop], **options) as smtp:
        yield smtp


@pytest.fixture(scope="module", params=LOOPS)
def careful(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """A server with the default switches, on each loop."""
    yield from serve(Policy(), request.param)


@pytest.fixture(scope="module", params=LOOPS)
def careless(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """A server with every unsafe switch on, on each loop."""
    yield from serve(AS_UNSAFE_AS_RECORDED, request.param)


def play(smtp: FakeSMTP, scenario: Scenario) -> None:
    """Play a scenario; check every reply, close and delivery, and that there is nothing more."""
    smtp.clear()
    context = smtp.client_context()
    port = smtp.port(465 if scenario.implicit_tls else 587)
    with RawClient(port, context if scenario.implicit_tls else None) as client:
        for step in scenario.steps:
            client.send(step.send)
            assert client.read_lines(len(step.expect)) == step.expect
            if step.starts_tls:
                client.start_tls(context)
            if step.closed:
                assert client.read_to_end() == b""
        session = smtp.sessions[-1]
        if not scenario.steps[-1].closed:
            assert session.closed_by is None
            if not session.tls:
                client.half_close()
                assert client.read_to_end() == b""
    if scenario.delivered is not None:
        delivered = [(m.envelope.mail_from, m.envelope.rcpt_tos, m.raw) for m in smtp.messages]
        assert delivered == scenario.delivered


@pytest.mark.parametrize("scenario", SAFE, ids=str)
def test_safe_scenarios_are_followed(careful: FakeSMTP, scenario: Scenario) -> None:
    """By default every recorded reply is sent, in order and with nothing between."""
    play(careful, scenario)


@pytest.mark.parametrize("scenario", [s for s in ALL if s not in SAFE], ids=str)
def test_unsafe_scenarios_need_a_switch(careless: FakeSMTP, scenario: Scenario) -> None:
    """With the unsafe switches the other scenarios are followed, also injected commands."""
    play(careless, scenario)
