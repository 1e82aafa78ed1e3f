"""The program: its commands, and how arguments reach one of them."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import typer

from fakesmtp.cli.options import GroupedCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import ModuleType

#: What the help lists, in this order: a command is a function of its name in a file of its name,
#: a group of commands is what `make_` and its name gives there.
COMMANDS = ("serve", "certs", "env", "ingest", "version")
GROUPS = ("messages", "sessions", "store", "faults")

_HELP = """An SMTP server that answers like NHN Cloud Email, delivers nothing and keeps everything.

Without a command it serves: `fakesmtp --json` is `fakesmtp serve --json`."""

_EPILOG = """Every setting is taken from its option, else from its variable (--port-offset is
FAKESMTP_PORT_OFFSET), else from fakesmtp.toml (port-offset = 2000), else it is the default."""

_OF_THE_PROGRAM = ("-h", "--help")
_ALIASES = {"--version": "version"}


def load(arguments: list[str]) -> Callable[[], int]:
    """Load the command that the arguments name, `serve` when they name none.

    What it gives runs the command, and gives the exit code.
    """
    arguments = _with_command(arguments)
    # The one that is named is the only one that is loaded: all of them take as long as a server.
    app = _make_app(set(arguments[:1]) & {*COMMANDS, *GROUPS} or {*COMMANDS, *GROUPS})
    return partial(_run, typer.main.get_command(app), arguments)


def _run(command: Callable[..., object], arguments: list[str]) -> int:
    try:
        command(arguments, prog_name="fakesmtp")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _with_command(arguments: list[str]) -> list[str]:
    first = arguments[0] if arguments else "-"
    if first in _ALIASES:
        return [_ALIASES[first], *arguments[1:]]
    implied = first.startswith("-") and first not in _OF_THE_PROGRAM
    return ["serve", *arguments] if implied else arguments


def _make_app(names: Collection[str]) -> typer.Typer:
    app = typer.Typer(
        help=_HELP,
        epilog=_EPILOG,
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(lambda: None)  # else Typer takes a single command for the whole program
    for name in filter(names.__contains__, COMMANDS):
        app.command(cls=GroupedCommand)(getattr(_load(name), name))
    for name in filter(names.__contains__, GROUPS):
        app.add_typer(getattr(_load(name), f"make_{name}")(), name=name)
    return app


def _load(name: str) -> ModuleType:
    return import_module(f"fakesmtp.cli.{name}")
