"""A progress bar for slow commands, on a terminal only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click

from fakesmtp.cli.console import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_T = TypeVar("_T")


def tracked(values: Iterable[_T], total: int | None, what: str) -> Iterator[_T]:
    """Yield the values, and show how many of `total` there were, on standard error."""
    if not is_terminal(sys.stderr):
        yield from values
        return
    with click.progressbar(values, length=total, label=what, file=sys.stderr) as bar:
        yield from bar
