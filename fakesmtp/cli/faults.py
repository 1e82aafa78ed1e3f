"""`fakesmtp faults`: files of planned faults, checked and explained; and `serve --faults`."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fakesmtp.cli.console import say, warn
from fakesmtp.cli.options import GroupedCommand, LightGroup
from fakesmtp.faults.explain import explain
from fakesmtp.faults.reading import read_file
from fakesmtp.faults.script import FaultScript
from fakesmtp.faults.watching import WatchedScript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.faults import Rule

_HELP = "Check files of planned faults."


def make_faults() -> typer.Typer:
    """Make the group of commands."""
    group = typer.Typer(cls=LightGroup, help=_HELP, rich_markup_mode=None, no_args_is_help=True)
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
    return f"{rule.origin}: {rule.name}\n    {explain(rule)}"


def choose_faults(path: Path | None) -> FaultScript:
    """Give the script of a file, read again when it changes; without a file an empty one."""
    if path is None:
        return FaultScript()
    return WatchedScript(path, changed=_tell, failed=warn)


def _tell(script: FaultScript) -> None:
    warn(f"the file of faults was read again: it has {len(script.rules)} rules")


@contextmanager
def heeding_hangup(script: FaultScript) -> Iterator[None]:
    """Let SIGHUP be a reason to look at the file at once, where the system has that signal."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or not isinstance(script, WatchedScript):
        yield
        return
    before = signal.signal(number, lambda *_: script.look())
    try:
        yield
    finally:
        signal.signal(number, before)
