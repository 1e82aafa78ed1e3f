"""HTTP pauses while many messages arrive."""

from __future__ import annotations

import asyncio
import sys
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from fakesmtp.counts import Counts
from fakesmtp.web import courtesy

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Passes of a busy loop, far more than one turn takes.
_PASSES = 200_000


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Record the pauses instead of making them."""
    made: list[float] = []
    monkeypatch.setattr(courtesy.time, "sleep", made.append)
    interval = sys.getswitchinterval()
    yield made
    sys.setswitchinterval(interval)


def work(counts: Counts, pauses: list[float], messages: int) -> None:
    """Keep a loop busy while messages arrive, until it pauses."""

    async def run() -> None:
        task = asyncio.create_task(courtesy.be_courteous(counts, courtesy.Pauses()))
        for _ in range(_PASSES):
            counts.accepted += messages
            await asyncio.sleep(0)
            if pauses:
                break
        task.cancel()

    asyncio.run(run())


def test_busy_http_pauses_while_messages_arrive(pauses: list[float]) -> None:
    """Work beside many messages is followed by a pause that is longer than it."""
    work(Counts(), pauses, messages=10)
    assert pauses
    assert pauses[0] > courtesy.WORK


def test_busy_http_goes_on_without_messages(pauses: list[float]) -> None:
    """Without messages there is no reason to pause."""
    work(Counts(), pauses, messages=0)
    assert pauses == []


def test_idle_http_does_not_pause(pauses: list[float]) -> None:
    """Messages alone are no reason to pause: a wait for them is answered at once."""

    async def run() -> None:
        counts = Counts()
        task = asyncio.create_task(courtesy.be_courteous(counts, courtesy.Pauses()))
        for _ in range(10):
            await asyncio.sleep(courtesy.WORK)
            counts.accepted += 1_000
        task.cancel()

    asyncio.run(run())
    assert pauses == []


def test_http_pauses_although_it_delays_messages(pauses: list[float]) -> None:
    """After many messages, HTTP goes on to pause for a while: fewer may arrive because of it."""

    async def run() -> None:
        counts = Counts()
        task = asyncio.create_task(courtesy.be_courteous(counts, courtesy.Pauses()))
        await asyncio.sleep(0)
        counts.accepted += 1_000_000
        for _ in range(_PASSES):
            await asyncio.sleep(0)
            if len(pauses) > 1:
                break
        task.cancel()

    asyncio.run(run())
    assert len(pauses) > 1


def test_threads_wait_for_the_end_of_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long work in a thread stops while HTTP pauses, and then goes on."""
    pauses = courtesy.Pauses()
    done: list[int] = []
    thread = Thread(target=lambda: done.extend(pauses.between([1, 2])))

    def look(seconds: float) -> None:
        thread.start()
        thread.join(seconds)
        assert done == []

    monkeypatch.setattr(courtesy.time, "sleep", look)
    pauses.make(0.05)
    thread.join()
    assert done == [1, 2]
