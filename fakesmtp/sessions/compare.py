"""The first difference between two sessions, without values that change from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fakesmtp.sessions.transcript import transcript_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakesmtp.sessions.session import Session

_CONTEXT = 3
_SHOWN = 12
#: Number of lines that are searched for the place where two sessions agree again.
_SEARCHED = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """The place where two transcripts differ: at `line` (from 1), after the lines of `before`.

    `first` and `second` are the lines that only one of them has there; `after` are the next lines
    that both have.
    """

    line: int
    before: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    after: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Return lines as of a diff: `-` for the first session alone, `+` for the second alone."""
        for mark, lines in (
            (" ", self.before),
            ("-", self.first),
            ("+", self.second),
            (" ", self.after),
        ):
            yield from (f"{mark} {line}" for line in lines[:_SHOWN])
            if len(lines) > _SHOWN:
                yield f"{mark} … and {len(lines) - _SHOWN} more lines"


def compare(first: Session, second: Session) -> Difference | None:
    """Return the first difference; None if the two sessions have the same dialogue."""
    return _first_difference(
        list(transcript_lines(first, normalize=True)),
        list(transcript_lines(second, normalize=True)),
    )


def _first_difference(first: Sequence[str], second: Sequence[str]) -> Difference | None:
    pairs = enumerate(zip(first, second, strict=False))
    shorter = min(len(first), len(second))
    at = next((number for number, (one, other) in pairs if one != other), shorter)
    if at == len(first) == len(second):
        return None
    skipped, added = _agree_again(first[at:], second[at:])
    return Difference(
        line=at + 1,
        before=tuple(first[max(0, at - _CONTEXT) : at]),
        first=tuple(first[at : at + skipped]),
        second=tuple(second[at : at + added]),
        after=tuple(first[at + skipped : at + skipped + _CONTEXT]),
    )


def _agree_again(first: Sequence[str], second: Sequence[str]) -> tuple[int, int]:
    """Return the number of lines of each before they agree again; all if they never do."""
    first, second = first[:_SEARCHED], second[:_SEARCHED]
    places = {line: number for number, line in reversed(list(enumerate(second)))}
    agreeing = [(number, places[line]) for number, line in enumerate(first) if line in places]
    return min(agreeing, key=sum, default=(len(first), len(second)))
