"""Planned faults of a server with a handler apply to the replies of its hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hooks import TEXT, connect, make_server, only_session, say

from fakesmtp.faults import Rule

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope

    from fakesmtp import FakeSMTP

REPLY = b"250 from the hook\r\n"
#: A fault at NOOP, what the client reads, and whether the hook is called.
AT_NOOP = {
    "reply": (Rule(where="noop", reply="451 4.7.1 fault"), b"451 4.7.1 fault\r\n", False),
    "drop": (Rule(where="noop", what="drop"), b"", False),
    "half-reply": (Rule(where="noop", what="half-reply"), REPLY[: len(REPLY) // 2], True),
    "delay": (Rule(where="noop", what="delay", seconds=0.001), REPLY, True),
    "slow-link": (Rule(where="noop", what="slow-link", bytes_per_second=20_000), REPLY, True),
}


def serve(rule: Rule, **hooks: object) -> FakeSMTP:
    """Return a server with one fault and these hooks."""
    server = make_server(**hooks)
    server.faults.add(rule)
    return server


@pytest.mark.parametrize(("rule", "read", "is_called"), AT_NOOP.values(), ids=AT_NOOP)
def test_fault_changes_the_reply_of_a_hook(rule: Rule, read: bytes, *, is_called: bool) -> None:
    """A kind that replaces the reply replaces the hook; others change the reply of the hook."""
    calls = []

    async def noop(*_: object) -> str:
        calls.append(1)
        return REPLY.decode().rstrip()

    with serve(rule, NOOP=noop) as smtp, connect(smtp) as client:
        client.send(b"NOOP\r\n")
        client.half_close()
        assert client.read_to_end() == read
    assert calls == [1] * is_called


def test_starttls_is_stripped_from_the_reply_of_a_hook() -> None:
    """STARTTLS is removed from the list that `handle_EHLO` returns."""

    async def ehlo(_s: object, _t: object, _e: object, _name: str, lines: list[str]) -> list[str]:
        return [*lines[:1], "250-X-OURS", *lines[1:]]

    with (
        serve(Rule(where="ehlo", what="strip-starttls"), EHLO=ehlo) as smtp,
        connect(smtp) as client,
    ):
        offered = client.ask("EHLO c").split("\n")
    assert "250-X-OURS" in offered
    assert "250-STARTTLS" not in offered
    assert "250-PIPELINING" in offered


@pytest.mark.parametrize(
    ("what", "reply", "read", "kept"),
    [
        ("lose-reply", "250 OK", b"", 1),
        ("lose-reply", "554 no", b"", 0),
        ("keep-nothing", "250 OK", b"250 OK\r\n", 0),
        ("keep-nothing", "554 no", b"554 no\r\n", 0),
    ],
)
def test_fault_is_applied_after_the_hook(what: str, reply: str, read: bytes, kept: int) -> None:
    """The hook receives the message; the fault is applied to the hook's reply."""
    with serve(Rule(where="end-of-data", what=what), DATA=say(reply)) as smtp:
        with connect(smtp) as client:
            client.begin_data()
            client.send(TEXT + b".\r\n")
            client.half_close()
            assert client.read_to_end() == read
        assert len(smtp.messages) == kept
        shown = [event.text for event in only_session(smtp).events]
    assert [text for text in shown if text.startswith("(message data: 22 bytes")] or kept


def test_a_replaced_end_of_data_leaves_no_envelope() -> None:
    """After a replaced end of data the hooks of the next transaction get an empty envelope."""
    seen = []

    async def data(_server: object, _session: object, envelope: Envelope) -> str:
        seen.append(envelope.rcpt_tos)
        return "250 OK"

    rule = Rule(where="end-of-data", reply="451 4.3.0 later", times=1)
    with serve(rule, DATA=data) as smtp, connect(smtp) as client:
        for reply in ("451 4.3.0 later", "250 OK"):
            client.begin_data()
            client.send(TEXT + b".\r\n")
            assert client.read_reply() == reply
    assert seen == [["rcpt@example.org"]]
