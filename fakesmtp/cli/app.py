"""The program: its commands, and how arguments reach one of them."""

from __future__ import annotations

import typer

from fakesmtp.cli.certs import certs
from fakesmtp.cli.env import env
from fakesmtp.cli.faults import make_faults
from fakesmtp.cli.options import GroupedCommand, LightGroup
from fakesmtp.cli.serve import serve
from fakesmtp.cli.sessions import make_sessions
from fakesmtp.cli.version import version

#: What the help lists, in this order; a command is one file and one entry here.
COMMANDS = (serve, certs, env, version)

_HELP = """An SMTP server that answers like NHN Cloud Email, delivers nothing and keeps everything.

Without a command it serves: `fakesmtp --json` is `fakesmtp serve --json`."""

_EPILOG = """Every setting is taken from its option, else from its variable (--port-offset is
FAKESMTP_PORT_OFFSET), else from fakesmtp.toml (port-offset = 2000), else it is the default."""

_OF_THE_PROGRAM = ("-h", "--help")
_ALIASES = {"--version": "version"}


def run(arguments: list[str]) -> int:
    """Run the command that the arguments name, `serve` when they name none; give the exit code."""
    command = typer.main.get_command(_make_app())
    try:
        command(_with_command(arguments), prog_name="fakesmtp")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _with_command(arguments: list[str]) -> list[str]:
    first = arguments[0] if arguments else "-"
    if first in _ALIASES:
        return [_ALIASES[first], *arguments[1:]]
    implied = first.startswith("-") and first not in _OF_THE_PROGRAM
    return ["serve", *arguments] if implied else arguments


def _make_app() -> typer.Typer:
    app = typer.Typer(
        cls=LightGroup,
        help=_HELP,
        epilog=_EPILOG,
        rich_markup_mode=None,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in COMMANDS:
        app.command(cls=GroupedCommand)(command)
    app.add_typer(make_sessions(), name="sessions")
    app.add_typer(make_faults(), name="faults")
    return app
