"""Connections are closed when they have been silent for their own time, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakesmtp.smtp import idling
from fakesmtp.smtp.idling import IdleWatch

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """What `call_at` gives."""

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self._when, self.callback = when, callback
        self.is_cancelled = False

    def when(self) -> float:
        """Say for when it is set."""
        return self._when

    def cancel(self) -> None:
        """Never call back."""
        self.is_cancelled = True


class Clock:
    """A loop, and the clock it goes by, whose time is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Set a timer."""
        self.timers.append(Timer(self.now + delay, callback))
        return self.timers[-1]

    @property
    def pending(self) -> list[Timer]:
        """The timers that will call back."""
        return [timer for timer in self.timers if not timer.is_cancelled]

    def go_to(self, now: float) -> None:
        """Let time pass, and call back what is due."""
        self.now = now
        for timer in [each for each in self.pending if each.when() <= now]:
            timer.cancel()
            timer.callback()


class Silent:
    """A connection; `connections` are those that are open."""

    def __init__(self, idle_at: float, connections: set[Silent]) -> None:
        self.idle_at = idle_at
        self._connections = connections
        connections.add(self)

    def close_idle(self) -> None:
        """Close."""
        self._connections.discard(self)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that idle time is measured by."""
    clock = Clock()
    monkeypatch.setattr(idling, "monotonic", lambda: clock.now)
    return clock


def test_each_is_closed_in_its_own_time(clock: Clock) -> None:
    """The one that is due first is closed first, whenever it came, with one timer for all."""
    connections = set[Silent]()
    watch = IdleWatch(clock, connections)  # type: ignore[arg-type]
    long, short = Silent(120, connections), Silent(5, connections)
    for each in (long, short):
        watch.watch(each)
    assert [timer.when() for timer in clock.pending] == [5]
    clock.go_to(5)
    assert connections == {long}
    long.idle_at = 200
    clock.go_to(120)
    assert connections == {long}
    clock.go_to(200)
    assert connections == set()
    assert clock.pending == []


def test_what_waits_on_purpose_is_not_closed(clock: Clock) -> None:
    """A connection that never is idle sets no timer, and is watched when it says so."""
    connections = set[Silent]()
    watch = IdleWatch(clock, connections)  # type: ignore[arg-type]
    waiting = Silent(5, connections)
    watch.watch(waiting)
    waiting.idle_at = float("inf")
    clock.go_to(5)
    assert (connections, clock.pending) == ({waiting}, [])
    waiting.idle_at = 9
    watch.watch(waiting)
    clock.go_to(9)
    assert connections == set()
