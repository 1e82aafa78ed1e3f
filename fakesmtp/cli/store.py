"""`fakesmtp store`: show, check and compact the file of the store."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.console import print_error, print_lines
from fakesmtp.cli.helping import Group
from fakesmtp.cli.stores import open_to_change, open_to_read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.cli.options import Settings

_FAILED = 1


@click.group(cls=Group)
def store() -> None:
    """Show, check and compact the file of the store."""


@store.command(cls=Command, takes=["store", "json"])
def info(settings: Settings) -> None:
    """Show size, numbers, and which process writes."""
    with closing(open_to_read(settings)) as opened:
        facts = opened.describe()
    if settings.json:
        print_lines([json.dumps(facts)])
        return
    print_lines(f"{name.replace('_', ' '):20} {_show(value)}" for name, value in facts.items())


def _show(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


@store.command(cls=Command, takes=["store"])
def check(settings: Settings) -> int:
    """Check the file and its index.

    The exit code is 1 where something is wrong.
    """
    with closing(open_to_read(settings)) as opened:
        return _report(opened.check(), opened.location)


def _report(problems: Iterable[str], location: str) -> int:
    found = list(problems)
    for problem in found:
        print_error(problem)
    if not found:
        print_lines([f"{location} is sound"])
    return _FAILED if found else 0


@store.command(cls=Command, takes=["store"])
def compact(settings: Settings) -> None:
    """Merge the index and give free space back.

    A running server keeps its file to itself: stop it first.
    """
    with closing(open_to_change(settings)) as opened:
        done = opened.compact().result()
    print_lines([f"{opened.location}: {done}"])
