"""Slow hooks: other clients do not wait, no command is lost, and the idle limit applies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hooks import TEXT, Gate, connect, only_session
from raw_client import PATIENCE, RawClient

from fakesmtp.sessions import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiosmtpd.smtp import SMTP

    from fakesmtp import FakeSMTP

    Serve = Callable[..., FakeSMTP]


def test_pipelined_commands_wait_for_the_hook(serve: Serve) -> None:
    """Pipelined commands are processed in order after the hook; other clients do not wait."""
    gate = Gate()
    with serve(NOOP=gate) as smtp, connect(smtp) as client, connect(smtp) as other:
        client.send(b"RSET\r\nNOOP\r\nRSET x\r\nMAIL FROM:<a@b.c>\r\nNOO")
        assert client.read_reply() == "250 2.0.0 OK"
        assert gate.is_in.wait(PATIENCE)
        client.send(b"P\r\nRSET y\r\n")
        assert other.ask("RSET") == "250 2.0.0 OK"
        assert smtp.sessions[0].events[-1].text == "NOOP"
        gate.open()
        replies = [client.read_reply() for _ in range(5)]
    refused = "500 5.5.4 Unexpected argument provided with RSET command"
    sender = "250 2.1.0 Sender <a@b.c> OK"
    assert replies == ["250 from the hook", refused, sender, "250 from the hook", refused]


@pytest.mark.parametrize("lines", range(16, 28))
def test_command_waits_for_the_hook_after_any_number_of_lines(serve: Serve, lines: int) -> None:
    """A command waits for the hook of the one before, also where the client's turn ends with it."""
    gate = Gate()
    with serve(NOOP=gate) as smtp, connect(smtp) as client:
        client.send(b"RSET\r\n" * lines + b"NOOP\r\nMAIL FROM:<a@b.c>\r\nRSET\r\n")
        assert gate.is_in.wait(PATIENCE)
        gate.open()
        replies = [client.read_reply() for _ in range(lines + 3)]
    reset = "250 2.0.0 OK"
    assert replies[lines:] == ["250 from the hook", "250 2.1.0 Sender <a@b.c> OK", reset]


def test_complete_session_in_one_packet(serve: Serve) -> None:
    """A session that is sent at once gets every reply, with a hook that waits for each command."""

    async def wait(*_: object) -> str:
        await asyncio.sleep(0)
        return "250 OK"

    hooks = dict.fromkeys(("MAIL", "RCPT", "DATA", "NOOP", "QUIT"), wait)
    with serve(**hooks) as smtp, RawClient(smtp.port(587)) as client:
        client.send(b"EHLO c\r\nMAIL FROM:<a@b.c>\r\n" + b"RCPT TO:<rcpt@example.org>\r\n" * 30)
        client.send(b"DATA\r\n" + TEXT)
        client.send(b".\r\nNOOP\r\nQUIT\r\n")
        client.half_close()
        assert client.read_to_end().count(b"250 OK\r\n") == 34
        assert len(smtp.messages[0].envelope.rcpt_tos) == 30


def test_message_of_a_client_that_left_is_kept(serve: Serve) -> None:
    """A message that the hook accepts is kept, also when its client left before the reply."""
    gate = Gate()
    with serve(DATA=gate) as smtp:
        with connect(smtp) as client:
            client.begin_data()
            client.send(TEXT + b".\r\n")
            assert gate.is_in.wait(PATIENCE)
        gate.open()
        assert smtp.wait_for(timeout=PATIENCE).raw == TEXT


def test_idle_limit_cancels_a_hook_that_never_returns(
    serve: Serve,
) -> None:
    """The idle limit cancels the hook, and the session names it."""
    gate = Gate()
    with (
        serve(MAIL=gate, options={"idle_timeout": 0.05}) as smtp,
        RawClient(smtp.port(587)) as client,
    ):
        client.send(b"EHLO c\r\nMAIL FROM:<a@b.c>\r\n")
        client.read_to_end()
        assert gate.was_cancelled.wait(PATIENCE)
        session = only_session(smtp)
    assert session.closed_by is ClosedBy.IDLE
    assert session.events[-1].text.endswith("while handle_MAIL was running")


def test_stop_cancels_hooks_and_waits_for_their_cleanup(serve: Serve) -> None:
    """`stop` waits for the `finally` of hooks and of tasks that hooks started."""
    gate, background = Gate(), Gate()

    async def noop(server: SMTP, *_: object) -> str:
        task = asyncio.create_task(background(server))
        await gate(server)
        await task
        return "250 OK"

    with serve(NOOP=noop) as smtp, connect(smtp) as client:
        client.send(b"NOOP\r\n")
        assert gate.is_in.wait(PATIENCE)
        assert background.is_in.wait(PATIENCE)
        smtp.stop()
    assert gate.was_cancelled.is_set()
    assert gate.is_out.is_set()
    assert background.is_out.is_set()
    assert smtp.sessions[0].closed_by is ClosedBy.STOP
