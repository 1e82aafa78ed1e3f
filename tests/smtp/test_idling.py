"""The idle limit closes each connection after its own limit, not earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakesmtp.smtp import idling
from fakesmtp.smtp.idling import IdleWatch

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """A timer of `Clock`."""

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self._when, self.callback = when, callback
        self.is_cancelled = False

    def when(self) -> float:
        """Return the time at which it is due."""
        return self._when

    def cancel(self) -> None:
        """Cancel the timer."""
        self.is_cancelled = True


class Clock:
    """An event loop and its clock, whose time the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Start a timer."""
        self.timers.append(Timer(self.now + delay, callback))
        return self.timers[-1]

    @property
    def pending(self) -> list[Timer]:
        """Return the timers that are not cancelled."""
        return [timer for timer in self.timers if not timer.is_cancelled]

    def go_to(self, now: float) -> None:
        """Set the time and run the timers that are due."""
        self.now = now
        for timer in [each for each in self.pending if each.when() <= now]:
            timer.cancel()
            timer.callback()


class Silent:
    """A connection that sends nothing; `connections` are the open ones."""

    def __init__(self, idle_at: float, connections: set[Silent]) -> None:
        self.idle_at = idle_at
        self._connections = connections
        connections.add(self)

    def close_idle(self) -> None:
        """Close the connection."""
        self._connections.discard(self)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the idle limit uses."""
    clock = Clock()
    monkeypatch.setattr(idling, "monotonic", lambda: clock.now)
    return clock


def test_each_connection_has_its_own_limit(clock: Clock) -> None:
    """The connection that is due first is closed first; one timer serves all connections."""
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


def test_connection_without_a_limit_is_not_closed(clock: Clock) -> None:
    """A connection whose limit is infinite has no timer until it is watched again."""
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
