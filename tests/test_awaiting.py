"""Waiting in event loops: asyncio's and trio's, by themselves and under anyio."""

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

LONG = 30.0  # a test that waits so long has failed


def run_in_asyncio(task: Callable[[], Awaitable[object]]) -> object:
    """Run a task as users of asyncio do."""

    async def await_it() -> object:
        return await task()

    return asyncio.run(await_it())


def run_in_anyio_on_trio(task: Callable[[], Awaitable[object]]) -> object:
    """Run a task as users of anyio do who chose trio."""
    return anyio.run(task, backend="trio")


@pytest.fixture(params=[run_in_asyncio, trio.run, run_in_anyio_on_trio])
def run(request: pytest.FixtureRequest) -> Run:
    """Give what runs a task in an event loop."""
    chosen: Run = request.param
    return chosen


@pytest.fixture
def inbox() -> LoneInbox:
    """Give an empty inbox."""
    return LoneInbox()


def append_when_awaited(inbox: LoneInbox, subject: str) -> Thread:
    """Let a message come in another thread, as soon as somebody waits."""

    def append() -> None:
        while not inbox.waiting:
            time.sleep(0)
        inbox.append(with_subject(subject))

    thread = Thread(target=append)
    thread.start()
    return thread


def test_a_task_gets_what_comes_in_another_thread(run: Run, inbox: LoneInbox) -> None:
    """A waiting task gets the message that matches, and nothing is left waiting."""
    inbox.append(with_subject("first"))
    thread = append_when_awaited(inbox, "second")
    found = run(lambda: inbox.wait_for_async(subject="second", timeout=LONG))
    thread.join()
    assert found is inbox.messages[1]
    assert inbox.waiting == 0


def test_a_task_waits_in_vain(run: Run, inbox: LoneInbox) -> None:
    """A task whose time is up gets the error of `wait_for`, and no blame for blocking."""
    with pytest.raises(NoMatchingMessage, match=r"no message came within 0\.001 s") as raised:
        run(lambda: inbox.wait_for_async(timeout=0.001))
    assert "event loop" not in str(raised.value)
    run(lambda: inbox.expect_none_async(within=0.001))


def test_a_task_expects_none(run: Run, inbox: LoneInbox) -> None:
    """A task that expects no message hears of the one that comes."""
    thread = append_when_awaited(inbox, "unwanted")
    with pytest.raises(NoMatchingMessage, match="unwanted"):
        run(lambda: inbox.expect_none_async(within=LONG))
    thread.join()


def test_a_task_that_is_cancelled_leaves_nothing(inbox: LoneInbox) -> None:
    """A cancel scope of trio ends the waiting."""

    async def give_up() -> bool:
        with trio.move_on_after(0.001) as scope:
            await inbox.wait_for_async(timeout=LONG)
        return scope.cancelled_caught

    assert trio.run(give_up)
    assert inbox.waiting == 0


def test_a_loop_that_is_over_stops_no_message(inbox: LoneInbox) -> None:
    """A message arrives although the loop of a task that subscribed is over."""
    kept: list[Awaitable[object]] = []

    async def begin() -> None:
        waiting = inbox.wait_for_async(timeout=LONG)
        waiting.send(None)
        kept.append(waiting)

    trio.run(begin)
    inbox.append(make_message())
    assert len(inbox.messages) == 1
    kept.clear()


def test_a_server_starts_and_stops_in_a_loop(run: Run) -> None:
    """`async with FakeSMTP()` works, and its messages can be awaited."""

    async def use() -> str:
        async with FakeSMTP(ports={587: 0}) as smtp:
            with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
                client.login(*smtp.account)
                client.sendmail("a@example.com", ["b@example.com"], "Subject: hi\r\n\r\n")
            return (await smtp.wait_for_async(subject="hi")).subject

    assert run(use) == "hi"


@pytest.mark.parametrize("freezer", FREEZERS)
def test_time_is_up_while_time_is_frozen(inbox: LoneInbox, freezer: str) -> None:
    """A task stops waiting in a test that froze time, though the loop's clock stands."""

    async def wait() -> None:
        await inbox.wait_for_async(timeout=0.001)

    with FREEZERS[freezer](), pytest.raises(NoMatchingMessage):
        asyncio.run(wait())


# -- what blocks an event loop ---------------------------------------------------------------------

BLOCKING: dict[str, Callable[[LoneInbox], object]] = {
    "wait_for": lambda inbox: inbox.wait_for(timeout=0.001),
    "wait_for_count": lambda inbox: inbox.wait_for_count(2, timeout=0.001),
    "take": lambda inbox: inbox.take(timeout=0.001),
}


@pytest.mark.parametrize("method", BLOCKING)
def test_the_error_of_a_blocked_loop_names_the_cause(
    run: Run, inbox: LoneInbox, method: str
) -> None:
    """Who blocks the event loop in vain is told that nothing in it could send, and what to use."""

    async def block() -> None:
        BLOCKING[method](inbox)

    with pytest.raises(NoMatchingMessage) as raised:
        run(block)
    to_thread = "asyncio.to_thread" if run is run_in_asyncio else "trio.to_thread.run_sync"
    assert re.search(r"it blocks the (asyncio|trio) event loop of this thread", str(raised.value))
    assert "await wait_for_async(…)" in str(raised.value)
    assert f"await {to_thread}(…)" in str(raised.value)


def test_a_blocked_loop_that_lost_nothing_is_no_error(run: Run, inbox: LoneInbox) -> None:
    """A message that is already here is found in an event loop too, and so is its absence."""
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
    """An expectation that could only hold is refused: nothing in the loop can send meanwhile."""

    async def block() -> None:
        inbox.expect_none(within=0.001)

    with pytest.raises(FakeSMTPError, match=r"use `await expect_none_async\(…\)`"):
        run(block)


def test_a_thread_blocks_no_loop(inbox: LoneInbox) -> None:
    """Outside event loops the error speaks of none."""
    with pytest.raises(NoMatchingMessage) as raised:
        inbox.wait_for(timeout=0.001)
    assert "event loop" not in str(raised.value)
    assert running_loop() is None


def test_an_unknown_event_loop_is_named_as_the_cause(inbox: LoneInbox) -> None:
    """A coroutine that is driven by nothing we know gets a sentence that says what would work."""
    waiting = inbox.wait_for_async(timeout=LONG)
    with pytest.raises(FakeSMTPError, match="use asyncio, trio or anyio"):
        waiting.send(None)
