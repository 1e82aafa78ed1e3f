"""The loop calls back in its own thread: in time, in order, and whatever fails."""

from __future__ import annotations

import logging
import socket
from queue import SimpleQueue
from threading import get_ident
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE

from fakesmtp.smtp import loop as module
from fakesmtp.smtp.loop import Loop
from fakesmtp.smtp.readiness import SelectorReadiness, make_readiness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.smtp.readiness import Readiness


@pytest.fixture(params=[make_readiness, SelectorReadiness], ids=["best", "selectors"])
def loop(request: pytest.FixtureRequest) -> Iterator[Loop]:
    """A loop that runs, on each way to know what is ready."""
    made = Loop(request.param)
    made.start()
    yield made
    made.call_from_thread(made.stop)
    made.join()


@pytest.fixture
def heard() -> SimpleQueue[object]:
    """What was called."""
    return SimpleQueue()


def test_calls_come_in_their_order_and_in_its_thread(
    loop: Loop, heard: SimpleQueue[object]
) -> None:
    """However many threads would wake it."""
    for number in range(10_000):
        loop.call_from_thread(heard.put, number)
    assert [heard.get(timeout=PATIENCE) for _ in range(10_000)] == list(range(10_000))
    loop.call_from_thread(lambda: heard.put((get_ident(), loop.is_this_thread())))
    thread, is_its = heard.get(timeout=PATIENCE)  # type: ignore[misc]
    assert (thread != get_ident(), is_its, loop.is_this_thread()) == (True, True, False)


def test_what_is_due_first_is_called_first(loop: Loop, heard: SimpleQueue[object]) -> None:
    """Timers call back by their time and not in the order of setting; a cancelled one never."""

    def set_timers() -> None:
        for seconds in (0.02, 0.0, 0.01):
            loop.call_later(seconds, heard.put, seconds)
        loop.call_later(0.005, heard.put, "cancelled").cancel()

    loop.call_from_thread(set_timers)
    assert [heard.get(timeout=PATIENCE) for _ in range(3)] == [0.0, 0.01, 0.02]


def test_what_is_due_in_years_holds_up_nothing(loop: Loop, heard: SimpleQueue[object]) -> None:
    """No timer is too far away, also behind one that is cancelled."""

    def set_timers() -> None:
        loop.call_later(60, heard.put, "cancelled").cancel()
        loop.call_later(1e9, heard.put, "too early")
        loop.call_later(0.01, heard.put, "soon")

    loop.call_from_thread(set_timers)
    assert heard.get(timeout=PATIENCE) == "soon"
    loop.call_from_thread(heard.put, "called")
    assert heard.get(timeout=PATIENCE) == "called"


def test_timers_do_not_wait_for_sockets_nor_sockets_for_timers(
    loop: Loop, heard: SimpleQueue[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that brings another, for ever, holds up neither."""
    now, goes_on = [0.0], [True]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    ours, theirs = socket.socketpair()

    def again() -> None:
        if goes_on[0]:
            loop.call_soon(again)

    def ready() -> None:
        ours.recv(1)
        heard.put("socket")
        now[0] = 1.0

    with ours, theirs:
        loop.call_from_thread(again)
        loop.call_from_thread(loop.call_later, 1.0, heard.put, "timer")
        loop.call_from_thread(loop.readiness.add_reader, ours.fileno(), ready)
        theirs.send(b"x")
        assert heard.get(timeout=PATIENCE) == "socket"
        assert heard.get(timeout=PATIENCE) == "timer"
        loop.call_from_thread(loop.readiness.remove_reader, ours.fileno())
        goes_on[0] = False
        loop.call_from_thread(heard.put, "done")
        assert heard.get(timeout=PATIENCE) == "done"


def test_what_fails_stops_nothing(
    loop: Loop, heard: SimpleQueue[object], caplog: pytest.LogCaptureFixture
) -> None:
    """An exception is logged, and what was to be called after it is called."""

    def fail(error: type[BaseException]) -> None:
        raise error("oh dear")

    with caplog.at_level(logging.ERROR, logger="fakesmtp"):
        for error in (RuntimeError, SystemExit):
            loop.call_from_thread(fail, error)
        loop.call_from_thread(heard.put, "after")
        assert heard.get(timeout=PATIENCE) == "after"
    assert caplog.text.count(": oh dear") == 2


@pytest.mark.parametrize("make", [make_readiness, SelectorReadiness])
def test_what_was_asked_for_before_the_stop_is_called(
    make: type[Readiness], heard: SimpleQueue[object]
) -> None:
    """Nobody waits for ever for a call, because the loop ended first."""
    loop = Loop(make)
    loop.call_from_thread(lambda: loop.call_soon(heard.put, "asked for while it stops"))
    loop.call_from_thread(loop.stop)
    loop.call_from_thread(heard.put, "behind")
    loop.start()
    loop.join()
    assert {heard.get_nowait(), heard.get_nowait()} == {"asked for while it stops", "behind"}
    loop.call_from_thread(heard.put, "too late")
    assert heard.empty()


def test_one_callback_may_end_another(loop: Loop, heard: SimpleQueue[object]) -> None:
    """Of two sockets that are ready at once, each may forget the other."""
    pairs = [socket.socketpair() for _ in range(2)]

    def ready(name: int) -> None:
        for ours, _ in pairs:
            loop.readiness.remove_reader(ours.fileno())
        heard.put(name)

    def watch() -> None:
        for name, (ours, theirs) in enumerate(pairs):
            theirs.send(b"x")
            loop.readiness.add_reader(ours.fileno(), lambda name=name: ready(name))

    loop.call_from_thread(watch)
    assert heard.get(timeout=PATIENCE) in {0, 1}
    loop.call_from_thread(heard.put, "done")
    assert heard.get(timeout=PATIENCE) == "done"
    for pair in pairs:
        for end in pair:
            end.close()
