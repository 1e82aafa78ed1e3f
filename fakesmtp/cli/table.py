"""Rows and lines of recorded sessions as they are printed: aligned, on a terminal in colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from fakesmtp.cli.console import escape
from fakesmtp.sessions.events import Note, Side
from fakesmtp.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fakesmtp.sessions import Event
    from fakesmtp.sessions.folder import Entry

#: Paints a text in a colour, or leaves it as it is.
Painter = Callable[[str, str], str]

_DIFFERENCES = {"-": typer.colors.RED, "+": typer.colors.GREEN}


def painter() -> Painter:
    """Give what paints on a terminal, unless NO_COLOR is set, and nothing anywhere else."""
    in_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return (
        (lambda text, colour: typer.style(text, fg=colour)) if in_colour else lambda text, _: text
    )


def paint_event(paint: Painter, event: Event, line: str) -> str:
    """Paint a line of a transcript: refusals red, what the client said cyan, notes yellow."""
    if event.is_refusal:
        return paint(line, typer.colors.RED)
    if isinstance(event, Note):
        return paint(line, typer.colors.YELLOW)
    return paint(line, typer.colors.CYAN) if event.side is Side.CLIENT else line


def paint_lines(paint: Painter, lines: Iterable[str]) -> Iterator[str]:
    """Paint the lines of a difference by their marks."""
    for line in lines:
        colour = _DIFFERENCES.get(line[:1])
        yield paint(line, colour) if colour else line


def show_entry(entry: Entry) -> tuple[str, ...]:
    """Give the cells of a session in a list."""
    header, summary = entry.header, entry.summary
    began = datetime.fromtimestamp(header.started, UTC).astimezone()
    account = f"{summary.app_key}#{summary.mail_type}" if summary and summary.app_key else "-"
    cells = (
        f"{began:%Y-%m-%d %H:%M:%S}",
        header.id,
        str(header.port),
        header.peer,
        (summary.tls if summary else None) or "-",
        account,
        str(summary.message_count) if summary else "?",
        entry.outcome.replace("\n", " / "),
    )
    return tuple(cut(escape(cell)) for cell in cells)


def align(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Make columns of equal width; the last one is as wide as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for *row, last in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, last]).rstrip()
