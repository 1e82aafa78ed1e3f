"""Tables that fit the terminal, and colours."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from shutil import get_terminal_size
from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

import click

from fakesmtp.cli.console import is_terminal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

#: Paints a text in a colour of `click.style`, or returns it unchanged.
Painter = Callable[[str, str], str]

_GAP = 2
#: No column is cut to fewer than this many characters.
_NARROWEST = 8


def painter() -> Painter:
    """Return a function that adds colour: on a terminal only, and not if NO_COLOR is set."""
    if is_terminal(sys.stdout) and not os.environ.get("NO_COLOR"):
        return lambda text, colour: click.style(text, fg=colour)
    return lambda text, _: text


def terminal_width() -> int | None:
    """Return the columns of the terminal (or COLUMNS); None if the output is not a terminal."""
    if os.environ.get("COLUMNS") or is_terminal(sys.stdout):
        return get_terminal_size().columns
    return None


def make_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, optional: Collection[str] = ()
) -> Iterator[str]:
    """Align rows under their heads, in the width of the terminal.

    Where that is too narrow, the columns with an `optional` head are left out, then the widest
    cells are cut. Output to a file or a pipe is whole.
    """
    table = [heads, *rows]
    width = terminal_width()
    if width and sum(_measure(table)) - _GAP > width:
        kept = [n for n, head in enumerate(heads) if head not in optional]
        table = [[row[n] for n in kept] for row in table]
    widths = _fit(_measure(table), width)
    return ("".join(map(_pad, row, widths)).rstrip() for row in table)


def _measure(table: Sequence[Sequence[str]]) -> list[int]:
    """Return the width of each column, with the gap after it."""
    return [max(map(columns_of, column)) + _GAP for column in zip(*table, strict=True)]


def _fit(widths: list[int], width: int | None) -> list[int]:
    """Make the widest columns narrower until all of them fit."""
    while width and sum(widths) - _GAP > width and max(widths) > _NARROWEST + _GAP:
        widths[widths.index(max(widths))] -= 1
    return widths


def _pad(cell: str, width: int) -> str:
    if columns_of(cell) > width - _GAP:
        cell = _shorten(cell, width - _GAP)
    return cell + " " * (width - columns_of(cell))


def _shorten(cell: str, width: int) -> str:
    while columns_of(cell) >= width:
        cell = cell[:-1]
    return f"{cell}…"


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a Hangul syllable."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
