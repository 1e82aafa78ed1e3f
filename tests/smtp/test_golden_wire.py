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
def safe_server(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """Start a server with the default switches, on each loop."""
    yield from serve(Policy(), request.param)


@pytest.fixture(scope="module", params=LOOPS)
def unsafe_server(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """Start a server with all unsafe switches, on each loop."""
    yield from serve(AS_UNSAFE_AS_RECORDED, request.param)


def play(smtp: FakeSMTP, scenario: Scenario) -> None:
    """Replay a scenario; check all replies, closes and deliveries, and no other bytes."""
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
def test_safe_scenarios_are_followed(safe_server: FakeSMTP, scenario: Scenario) -> None:
    """By default every recorded reply is sent, in order, without other bytes in between."""
    play(safe_server, scenario)


@pytest.mark.parametrize("scenario", [s for s in ALL if s not in SAFE], ids=str)
def test_unsafe_scenarios_need_a_switch(unsafe_server: FakeSMTP, scenario: Scenario) -> None:
    """With the unsafe switches the other scenarios are followed, also injected commands."""
    play(unsafe_server, scenario)
