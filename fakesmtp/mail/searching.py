"""What one caller looks for among the mails: found, missed narrowly, or neither."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fakesmtp.mail.matching import Conditions, Miss, nearest
from fakesmtp.mail.message import describe_route

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from fakesmtp.mail.message import ReceivedMail

    Belongs = Callable[[ReceivedMail], bool]
    Remove = Callable[[Collection[str]], list[ReceivedMail]]

_LISTED = 5
_COMPARED = 50


class Search:
    """What one caller waits for. Each mail is offered once; conditions are tried once on it."""

    def __init__(self, conditions: Conditions, belongs: Belongs, count: int) -> None:
        self.conditions = conditions
        self.found: list[ReceivedMail] = []
        self.missing = count
        self._belongs = belongs
        self._arrived = 0
        self._newest: deque[ReceivedMail] = deque(maxlen=_LISTED)
        self._misses: deque[Miss] = deque(maxlen=_COMPARED)

    def offer(self, mail: ReceivedMail) -> None:
        """Look at a mail; raises what a callable among the conditions raises."""
        if not self._belongs(mail):
            return
        self._arrived += 1
        self._newest.append(mail)
        mismatches = self.conditions.mismatches(mail)
        if mismatches:
            self._miss(Miss(mail, mismatches))
        elif self._accept(mail):
            self.found.append(mail)
            self.missing -= 1

    def offer_all(self, mails: Iterable[ReceivedMail]) -> None:
        """Look at mails, the oldest first, until there are enough."""
        for mail in mails:
            if self.missing <= 0:
                return
            self.offer(mail)

    def _accept(self, mail: ReceivedMail) -> bool:
        """Whether a mail that matches counts."""
        del mail
        return True

    def _miss(self, miss: Miss) -> None:
        """Keep a miss unless nearer ones are known."""
        known = len(self._misses[0].mismatches) if self._misses else len(miss.mismatches)
        if len(miss.mismatches) < known:
            self._misses.clear()
        if len(miss.mismatches) <= known:
            self._misses.append(miss)

    def describe_found(self) -> str:
        """Describe the first mail that was found."""
        return _describe(self.found[0])

    def report(self) -> list[str]:
        """Describe what arrived, and which mail came nearest."""
        lines = [f"arrived: {self._arrived or 'nothing'}"]
        if self._arrived > _LISTED:
            lines[0] += f", of which the newest {_LISTED} are"
        lines += [f"  {_describe(mail)}" for mail in reversed(self._newest)]
        miss = nearest(self._misses)
        return [*lines, str(miss)] if miss else lines


class Taking(Search):
    """A search that takes away what it finds; a mail that someone else has taken does not count."""

    def __init__(self, conditions: Conditions, belongs: Belongs, remove: Remove) -> None:
        super().__init__(conditions, belongs, 1)
        self._remove = remove

    def _accept(self, mail: ReceivedMail) -> bool:
        return bool(self._remove({mail.id}))


def _describe(mail: ReceivedMail) -> str:
    at = datetime.fromtimestamp(mail.received, UTC)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {describe_route(mail)}"
