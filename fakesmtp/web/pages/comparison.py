"""Two sessions side by side: their dialogue without what changes from run to run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from fakesmtp.sessions import Session
from fakesmtp.sessions.transcript import transcript_lines

#: Lines of each session that are compared: the comparison takes quadratic time.
MOST_LINES = 1_000


class Pair(NamedTuple):
    """A line of each session; None where one of them has no such line."""

    first: str | None
    second: str | None
    is_same: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sessions, and their lines in pairs."""

    first: Session
    second: Session
    pairs: tuple[Pair, ...]

    @property
    def differences(self) -> int:
        """How many pairs differ."""
        return sum(not pair.is_same for pair in self.pairs)


def compare_sessions(first: Session, second: Session) -> Comparison:
    """Compare the dialogues of two sessions."""
    lines = _lines(first), _lines(second)
    return Comparison(first, second, tuple(_pair(*lines)))


def _lines(session: Session) -> list[str]:
    return list(transcript_lines(session, normalize=True))[:MOST_LINES]


def _pair(first: Sequence[str], second: Sequence[str]) -> Iterator[Pair]:
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        for pair in zip_longest(first[start:end], second[other_start:other_end]):
            yield Pair(*pair, is_same=tag == "equal")
