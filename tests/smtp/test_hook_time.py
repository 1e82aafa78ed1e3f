"""Hooks that take their time: nobody else waits, nothing is lost, and it ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hooks import TEXT, Gate, connect, only_session
from raw_client import PATIENCE, RawClient

from fakesmtp.sessions import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiosmtpd.smtp import SMTP

    from fakesmtp import FakeSMTP

    Serve = Callable[..., FakeSMTP]


def test_what_comes_meanwhile_waits_its_turn(serve: Serve) -> None:
    """Pipelined commands are obeyed in order, after the hook; other clients go on."""
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
    assert [reply[:3] for reply in replies] == ["250", "500", "250", "250", "500"]
    assert replies[0] == replies[3] == "250 from the hook"


def test_a_whole_session_in_one_packet(serve: Serve) -> None:
    """Every command has a hook that waits, and the client has sent everything and its end."""

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


def test_a_client_that_leaves_does_not_lose_its_message(serve: Serve) -> None:
    """A message that was sent is kept, when the hook accepts it, whoever waits for the reply."""
    gate = Gate()
    with serve(DATA=gate) as smtp:
        with connect(smtp) as client:
            client.begin_data()
            client.send(TEXT + b".\r\n")
            assert gate.is_in.wait(PATIENCE)
        gate.open()
        assert smtp.wait_for(timeout=PATIENCE).raw == TEXT


def test_a_hook_that_never_returns_ends_with_the_idle_time(
    serve: Serve,
) -> None:
    """It is cancelled, and the record names it."""
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


def test_a_stop_cancels_hooks_and_lets_them_clean_up(serve: Serve) -> None:
    """The server waits for their `finally`, also for that of tasks that they have started."""
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
