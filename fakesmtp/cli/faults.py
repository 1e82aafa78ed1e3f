"""`fakesmtp faults`: files of planned faults, checked and explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fakesmtp.cli.console import escape, say
from fakesmtp.cli.options import GroupedCommand
from fakesmtp.faults.explain import explain
from fakesmtp.faults.loading import read_file

if TYPE_CHECKING:
    from fakesmtp.faults import Rule

_HELP = "Check files of planned faults."


def make_faults() -> typer.Typer:
    """Make the group of commands."""
    group = typer.Typer(help=_HELP, rich_markup_mode=None, no_args_is_help=True)
    group.callback()(_stand_as_group)
    group.command("check", cls=GroupedCommand)(check)
    return group


def _stand_as_group() -> None:
    """Check files of planned faults."""


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rules in TOML, or in JSON.")],
) -> None:
    """Read a file of faults, and say in words what each rule will do.

    A wrong file is told with its line, what is wrong in it and the nearest right word.
    """
    say(_explain(rule) for rule in read_file(file))


def _explain(rule: Rule) -> str:
    return f"{escape(rule.origin)}: {escape(rule.name)}\n    {escape(explain(rule))}"
