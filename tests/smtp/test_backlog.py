"""Connections with many pending lines take turns; each loop iteration has a limited number."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from fakesmtp.smtp.backlog import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable


class Loop:
    """A loop that runs one iteration at a time."""

    def __init__(self) -> None:
        self._soon: deque[Callable[[], None]] = deque()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call `callback` in the next iteration."""
        self._soon.append(callback)

    def run_once(self) -> bool:
        """Run the scheduled callbacks; return whether there were any."""
        due, self._soon = self._soon, deque()
        for callback in due:
            callback()
        return bool(due)


class Busy:
    """A connection that needs a given number of turns."""

    def __init__(self, name: str, turns: int, log: list[str]) -> None:
        self._name, self._turns, self._log = name, turns, log

    def take_turn(self) -> bool:
        """Take one turn."""
        self._log.append(self._name)
        self._turns -= 1
        return self._turns > 0


def test_turns_alternate() -> None:
    """No connection has two turns while another waits, and each finishes."""
    loop, log = Loop(), list[str]()
    backlog = Backlog(loop)  # type: ignore[arg-type]
    for name, turns in (("a", 3), ("b", 1), ("c", 2)):
        backlog.add(Busy(name, turns, log))
    while loop.run_once():
        pass
    assert log[:3] == ["a", "b", "c"]
    assert sorted(log) == ["a", "a", "a", "b", "c", "c"]


def test_turns_of_an_iteration_are_limited() -> None:
    """However many connections are busy, other events of the loop run after 8 turns."""
    loop, log = Loop(), list[str]()
    backlog = Backlog(loop)  # type: ignore[arg-type]
    for n in range(100):
        backlog.add(Busy(str(n), 1, log))
    loop.run_once()
    assert len(log) == 8
    while loop.run_once():
        pass
    assert log == [str(n) for n in range(100)]


def test_connection_added_during_its_turn_gets_another() -> None:
    """A connection that is added again during its turn gets another turn."""
    loop, log = Loop(), list[str]()
    backlog = Backlog(loop)  # type: ignore[arg-type]

    class Again(Busy):
        def take_turn(self) -> bool:
            if super().take_turn():
                backlog.add(self)
            return False

    backlog.add(Again("a", 3, log))
    while loop.run_once():
        pass
    assert log == ["a", "a", "a"]


@given(rounds=st.lists(st.lists(st.integers(1, 30), max_size=12), max_size=6))
def test_any_backlog_is_fair(rounds: list[list[int]]) -> None:
    """Iterations are limited, and no connection waits for two turns of another."""
    loop, log = Loop(), list[str]()
    backlog = Backlog(loop)  # type: ignore[arg-type]
    turns: dict[str, int] = {}
    came: dict[str, int] = {}
    for number, arriving in enumerate(rounds):
        for place, count in enumerate(arriving):
            name = f"{number}.{place}"
            turns[name], came[name] = count, len(log)
            backlog.add(Busy(name, count, log))
        before = len(log)
        loop.run_once()
        assert len(log) - before <= 8
    while loop.run_once():
        pass
    assert {name: log.count(name) for name in turns} == turns
    for place, (name, after) in enumerate(pairwise(log)):
        if name == after:
            waiting = {each for each in turns if came[each] <= place and each != name}
            assert not waiting & set(log[place:])
