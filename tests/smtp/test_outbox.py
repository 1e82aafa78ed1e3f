"""Replies to several clients are sent together, at the end of a loop iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from loops import LOOPS
from raw_client import RawClient

from fakesmtp import FakeSMTP
from fakesmtp.smtp.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable


class Loop:
    """A loop that runs one iteration at a time."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call `callback` in the next iteration."""
        self.soon.append(callback)

    def run_once(self) -> None:
        """Run the scheduled callbacks."""
        due, self.soon = self.soon, []
        for callback in due:
            callback()


class Connection:
    """A connection that logs when it sends."""

    def __init__(self, name: str, log: list[str]) -> None:
        self._name, self._log = name, log

    def send_replies(self) -> None:
        """Log the call."""
        self._log.append(self._name)


def test_replies_are_sent_in_order_at_the_end_of_an_iteration() -> None:
    """One callback of the loop sends for all connections, in the order they were added."""
    loop, log = Loop(), list[str]()
    outbox = Outbox(loop)  # type: ignore[arg-type]
    for name in "abc":
        outbox.add(Connection(name, log))
    assert (len(loop.soon), log) == (1, [])
    loop.run_once()
    assert (loop.soon, log) == ([], ["a", "b", "c"])


def test_reply_added_during_sending_is_sent_in_the_next_iteration() -> None:
    """A connection that is added during sending is neither lost nor sent twice."""
    loop, log = Loop(), list[str]()
    outbox = Outbox(loop)  # type: ignore[arg-type]

    class Again(Connection):
        def send_replies(self) -> None:
            super().send_replies()
            outbox.add(Connection("later", log))

    outbox.add(Again("first", log))
    loop.run_once()
    assert (len(loop.soon), log) == (1, ["first"])
    loop.run_once()
    assert (loop.soon, log) == ([], ["first", "later"])


def test_single_client_does_not_wait() -> None:
    """A connection that is added again, with no other in between, sends at once."""
    loop, log = Loop(), list[str]()
    outbox = Outbox(loop)  # type: ignore[arg-type]
    alone, other = Connection("alone", log), Connection("other", log)
    outbox.add(alone)
    loop.run_once()
    outbox.add(alone)
    assert (loop.soon, log) == ([], ["alone", "alone"])
    outbox.add(other)
    outbox.add(other)
    assert log == ["alone", "alone"]
    loop.run_once()
    assert log == ["alone", "alone", "other", "other"]


@pytest.mark.parametrize("loop", LOOPS)
def test_client_that_closes_at_once_gets_its_reply(loop: str) -> None:
    """An end of file in the same iteration as a command does not suppress the reply."""
    with FakeSMTP(ports={587: 0}, loop_factory=LOOPS[loop]) as smtp:
        for _ in range(20):
            with RawClient(smtp.port(587)) as client:
                client.read_reply()
                client.send(b"NOOP\r\n")
                client.half_close()
                assert client.read_to_end() == b"250 2.0.0 OK\r\n"
