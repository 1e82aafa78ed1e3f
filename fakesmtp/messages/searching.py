"""Search messages for one caller: matches and near misses."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from fakesmtp.messages.matching import Conditions, Miss, nearest
from fakesmtp.messages.message import describe_route

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from fakesmtp.messages.message import ReceivedMessage

    Belongs = Callable[[ReceivedMessage], bool]
    Remove = Callable[[Collection[str]], list[ReceivedMessage]]

#: Messages that an error lists: the newest.
LISTED = 5
_COMPARED = 50


class Search:
    """The search of one caller. Each message is offered once, and tested once."""

    def __init__(self, conditions: Conditions, belongs: Belongs, count: int) -> None:
        self.conditions = conditions
        self.found: list[ReceivedMessage] = []
        self.missing = count
        self._belongs = belongs
        self._arrived = 0
        self._offered: set[str] = set()
        self._newest: deque[ReceivedMessage] = deque(maxlen=LISTED)
        self._misses: deque[Miss] = deque(maxlen=_COMPARED)

    def offer(self, message: ReceivedMessage) -> None:
        """Check a message, once; raise what a callable among the conditions raises."""
        if message.id in self._offered or not self._belongs(message):
            return
        self._offered.add(message.id)
        self._arrived += 1
        self._newest.append(message)
        mismatches = self.conditions.mismatches(message)
        if mismatches:
            self._miss(Miss(message, mismatches))
        elif self._accept(message):
            self.found.append(message)
            self.missing -= 1

    def offer_all(self, messages: Iterable[ReceivedMessage]) -> None:
        """Check messages, oldest first, until there are enough."""
        for message in messages:
            if self.missing <= 0:
                return
            self.offer(message)

    def _accept(self, message: ReceivedMessage) -> bool:
        """Whether a matching message counts."""
        del message
        return True

    def _miss(self, miss: Miss) -> None:
        """Keep a near miss unless closer ones are known."""
        known = len(self._misses[0].mismatches) if self._misses else len(miss.mismatches)
        if len(miss.mismatches) < known:
            self._misses.clear()
        if len(miss.mismatches) <= known:
            self._misses.append(miss)

    def describe_found(self) -> str:
        """Describe the first message that was found."""
        return _describe(self.found[0])

    def report(self) -> list[str]:
        """Describe what arrived, and the closest message."""
        lines = describe_arrivals(self._arrived, list(self._newest))
        miss = nearest(self._misses)
        return [*lines, str(miss)] if miss else lines


class Taking(Search):
    """A search that removes what it finds; a message that another caller took does not count."""

    def __init__(self, conditions: Conditions, belongs: Belongs, remove: Remove) -> None:
        super().__init__(conditions, belongs, 1)
        self._remove = remove

    def _accept(self, message: ReceivedMessage) -> bool:
        return bool(self._remove({message.id}))


def describe_arrivals(number: int, newest: Sequence[ReceivedMessage]) -> list[str]:
    """Describe the newest of some messages, which are given oldest first."""
    head = f"arrived: {number or 'nothing'}"
    more = f", of which the newest {LISTED} are" if number > LISTED else ""
    return [head + more, *(f"  {_describe(message)}" for message in reversed(newest[-LISTED:]))]


def _describe(message: ReceivedMessage) -> str:
    at = message.received_at
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {describe_route(message)}"
