"""`fakesmtp faults`: check and explain files of planned faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.console import escape, print_lines
from fakesmtp.cli.helping import Group
from fakesmtp.cli.values import Value, read_path
from fakesmtp.faults.explain import explain
from fakesmtp.faults.loading import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from fakesmtp.faults import Rule


@click.group(cls=Group)
def faults() -> None:
    """Check files of planned faults."""


@faults.command(cls=Command)
@click.argument("file", type=Value(read_path), metavar="FILE", help="Rules in TOML or JSON.")
def check(file: Path) -> None:
    """Check a file of faults, and explain what each rule does.

    An error names the line, what is wrong in it and the nearest valid word.
    """
    explained = [_explain(rule) for rule in read_file(file)]
    print_lines(explained or [f"{escape(file.as_posix())}: no rules"])


def _explain(rule: Rule) -> str:
    return f"{escape(rule.origin)}: {escape(rule.name)}\n    {escape(explain(rule))}"
