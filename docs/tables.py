"""Tables in Markdown, for the scripts that write pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def make_table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Return the lines of a table, and an empty line."""
    head = list(head)
    yield _row(head)
    yield _row("---" for _ in head)
    yield from map(_row, rows)
    yield ""


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
