"""A progress bar for slow commands, on a terminal only."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from fakesmtp.cli.console import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_T = TypeVar("_T")
#: The sequence of a terminal that shows its cursor, which Click's bar hides.
_SHOW_CURSOR = b"\x1b[?25h\n"


def tracked(values: Iterable[_T], total: int | None, what: str) -> Iterator[_T]:
    """Yield the values, and show how many of `total` there were, on standard error."""
    if not is_terminal(sys.stderr):
        yield from values
        return
    with (
        _cursor_shown_at_the_end(),
        click.progressbar(values, length=total, label=what, file=sys.stderr) as bar,
    ):
        yield from bar


@contextmanager
def _cursor_shown_at_the_end() -> Iterator[None]:
    """Show the cursor also where Ctrl-C or SIGTERM ends this process, which then runs no code."""
    deadly = [
        each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) == signal.SIG_DFL
    ]
    for each in deadly:
        signal.signal(each, _show_cursor_and_end)
    try:
        yield
    finally:
        for each in deadly:
            signal.signal(each, signal.SIG_DFL)


def _show_cursor_and_end(number: int, _: object) -> None:
    # Not through `sys.stderr`, which the bar may be using.
    os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
