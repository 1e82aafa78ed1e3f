"""`fakesmtp store`: what its file holds, whether it is sound, and making it smaller."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import typer

from fakesmtp.cli.console import complain, say
from fakesmtp.cli.options import GroupedCommand, takes
from fakesmtp.cli.settings import Settings
from fakesmtp.cli.stores import open_to_read, open_to_write

if TYPE_CHECKING:
    from collections.abc import Iterable

_HELP = "Show, check and compact the file of the store."
_FAILED = 1


def make_store() -> typer.Typer:
    """Make the group of commands."""
    group = typer.Typer(help=_HELP, rich_markup_mode=None, no_args_is_help=True)
    for name, command in (("info", info), ("check", check), ("compact", compact)):
        group.command(name, cls=GroupedCommand)(command)
    return group


@takes("store", "json", "config")
def info(settings: Settings) -> None:
    """Show file, size, numbers, what the limits removed, and who writes it."""
    with closing(open_to_read(settings)) as store:
        facts = store.describe()
    if settings.json:
        say([json.dumps(facts)])
        return
    say(f"{name.replace('_', ' '):20} {_show(value)}" for name, value in facts.items())


def _show(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


@takes("store", "config")
def check(settings: Settings) -> None:
    """Check the file and its index; the exit code is 1 where something is wrong."""
    with closing(open_to_read(settings)) as store:
        _report(store.check(), store.location)


def _report(problems: Iterable[str], location: str) -> None:
    found = list(problems)
    for problem in found:
        complain(problem)
    if found:
        raise typer.Exit(_FAILED)
    say([f"{location} is sound"])


@takes("store", "config")
def compact(settings: Settings) -> None:
    """Merge the index and give free space back. A server that runs must be stopped first."""
    with closing(open_to_write(settings)) as store:
        before, after = store.compact().result()
    say([f"{store.location}: {before:,} bytes before, {after:,} after"])
