"""Waiting in event loops: asyncio, trio, and both under anyio."""

from __future__ import annotations

import asyncio
import re
import smtplib
import time
from threading import Thread
from typing import TYPE_CHECKING

import anyio
import pytest
import trio
from frozen import FREEZERS
from lone_inbox import LoneInbox
from made_messages import make_message, with_subject

from fakesmtp import FakeSMTP, FakeSMTPError, NoMatchingMessage
from fakesmtp.awaiting import running_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[], Awaitable[object]]], object]

LONG = 30.0  # seconds; a test that waits so long has failed


def run_in_asyncio(task: Callable[[], Awaitable[object]]) -> object:
    """Run a task with asyncio."""

    async def await_it() -> object:
        return await task()

    return asyncio.run(await_it())


def run_in_anyio_on_trio(task: Callable[[], Awaitable[object]]) -> object:
    """Run a task with anyio on trio."""
    return anyio.run(task, backend="trio")


@pytest.fixture(params=[run_in_asyncio, trio.run, run_in_anyio_on_trio])
def run(request: pytest.FixtureRequest) -> Run:
    """Return a function that runs a task in an event loop."""
    chosen: Run = request.param
    return chosen


@pytest.fixture
def inbox() -> LoneInbox:
    """Return an empty inbox."""
    return LoneInbox()


def append_when_awaited(inbox: LoneInbox, subject: str) -> Thread:
    """Start a thread that appends a message as soon as a call waits."""

    def append() -> None:
        while not inbox.waiting:
            time.sleep(0)
        inbox.append(with_subject(subject))

    thread = Thread(target=append)
    thread.start()
    return thread


def test_task_gets_a_message_of_another_thread(run: Run, inbox: LoneInbox) -> None:
    """A waiting task gets the message that matches, and no waiting call remains."""
    inbox.append(with_subject("first"))
    thread = append_when_awaited(inbox, "second")
    found = run(lambda: inbox.wait_for_async(subject="second", timeout=LONG))
    thread.join()
    assert found is inbox.messages[1]
    assert inbox.waiting == 0


def test_timeout_of_a_task(run: Run, inbox: LoneInbox) -> None:
    """A task gets the timeout error of `wait_for`, without a hint about a blocked loop."""
    with pytest.raises(NoMatchingMessage, match=r"no message came within 0\.001 s") as raised:
        run(lambda: inbox.wait_for_async(timeout=0.001))
    assert "event loop" not in str(raised.value)
    run(lambda: inbox.expect_none_async(within=0.001))


def test_task_expects_none(run: Run, inbox: LoneInbox) -> None:
    """`expect_none_async` fails when a message arrives."""
    thread = append_when_awaited(inbox, "unwanted")
    with pytest.raises(NoMatchingMessage, match="unwanted"):
        run(lambda: inbox.expect_none_async(within=LONG))
    thread.join()


def test_cancelled_task_stops_waiting(inbox: LoneInbox) -> None:
    """A cancel scope of trio ends the waiting call."""

    async def give_up() -> bool:
        with trio.move_on_after(0.001) as scope:
            await inbox.wait_for_async(timeout=LONG)
        return scope.cancelled_caught

    assert trio.run(give_up)
    assert inbox.waiting == 0


def test_closed_loop_does_not_block_messages(inbox: LoneInbox) -> None:
    """A message arrives although the loop of a subscribed task is closed."""
    kept: list[Awaitable[object]] = []

    async def begin() -> None:
        waiting = inbox.wait_for_async(timeout=LONG)
        waiting.send(None)
        kept.append(waiting)

    trio.run(begin)
    inbox.append(make_message())
    assert len(inbox.messages) == 1
    kept.clear()


def test_server_starts_and_stops_in_a_loop(run: Run) -> None:
    """`async with FakeSMTP()` works, and its messages can be awaited."""

    async def use() -> str:
        async with FakeSMTP(ports={587: 0}) as smtp:
            with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
                client.login(*smtp.account)
                client.sendmail("a@example.com", ["b@example.com"], "Subject: hi\r\n\r\n")
            return (await smtp.wait_for_async(subject="hi")).subject

    assert run(use) == "hi"


@pytest.mark.parametrize("freezer", FREEZERS)
def test_timeout_while_time_is_frozen(inbox: LoneInbox, freezer: str) -> None:
    """The timeout of a task works while time is frozen and the loop's clock does not advance."""

    async def wait() -> None:
        await inbox.wait_for_async(timeout=0.001)

    with FREEZERS[freezer](), pytest.raises(NoMatchingMessage):
        asyncio.run(wait())


# -- calls that block an event loop ----------------------------------------------------------------

BLOCKING: dict[str, Callable[[LoneInbox], object]] = {
    "wait_for": lambda inbox: inbox.wait_for(timeout=0.001),
    "wait_for_count": lambda inbox: inbox.wait_for_count(2, timeout=0.001),
    "take": lambda inbox: inbox.take(timeout=0.001),
}


@pytest.mark.parametrize("method", BLOCKING)
def test_error_of_a_blocked_loop_names_the_cause(run: Run, inbox: LoneInbox, method: str) -> None:
    """A timeout that blocked the event loop says so, and names the async method to use."""

    async def block() -> None:
        BLOCKING[method](inbox)

    with pytest.raises(NoMatchingMessage) as raised:
        run(block)
    to_thread = "asyncio.to_thread" if run is run_in_asyncio else "trio.to_thread.run_sync"
    assert re.search(r"it blocks the (asyncio|trio) event loop of this thread", str(raised.value))
    assert "await wait_for_async(…)" in str(raised.value)
    assert f"await {to_thread}(…)" in str(raised.value)


def test_call_that_does_not_wait_is_allowed_in_a_loop(run: Run, inbox: LoneInbox) -> None:
    """Blocking methods that return at once work in an event loop, without the hint."""
    message = make_message()
    inbox.append(message)

    async def look() -> object:
        inbox.expect_none(subject="another")
        with pytest.raises(NoMatchingMessage) as raised:
            inbox.wait_for(subject="another", timeout=0)
        assert "event loop" not in str(raised.value)
        return inbox.wait_for()

    assert run(look) is message


def test_expecting_none_in_a_blocked_loop_is_an_error(run: Run, inbox: LoneInbox) -> None:
    """`expect_none` with a duration is refused in a loop, because the loop could not send."""

    async def block() -> None:
        inbox.expect_none(within=0.001)

    with pytest.raises(FakeSMTPError, match=r"use `await expect_none_async\(…\)`"):
        run(block)


def test_error_outside_of_event_loops(inbox: LoneInbox) -> None:
    """Outside of event loops the timeout error does not mention them."""
    with pytest.raises(NoMatchingMessage) as raised:
        inbox.wait_for(timeout=0.001)
    assert "event loop" not in str(raised.value)
    assert running_loop() is None


def test_unknown_event_loop_is_a_clear_error(inbox: LoneInbox) -> None:
    """In an unknown event loop the async methods raise an error that names the supported ones."""
    waiting = inbox.wait_for_async(timeout=LONG)
    with pytest.raises(FakeSMTPError, match="use asyncio, trio or anyio"):
        waiting.send(None)
