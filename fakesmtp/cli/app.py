"""The program: its commands, and its errors for wrong usage."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import explain_value
from fakesmtp.cli.helping import Group
from fakesmtp.errors import ConfigurationError
from fakesmtp.text import nearest_name

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The commands in the order of the help. Each is an object of its name in a module of its name.
COMMANDS = (
    "serve",
    "certs",
    "env",
    "version",
    "messages",
    "sessions",
    "ingest",
    "store",
    "faults",
    "lint",
    "mcp",
)

_HELP = """An SMTP server that answers like NHN Cloud Email, delivers nothing and keeps everything.

Without a command it serves: `fakesmtp --json` is `fakesmtp serve --json`."""

_EPILOG = """A setting comes from its option, else from its variable (--port-offset is
FAKESMTP_PORT_OFFSET), else from fakesmtp.toml (port-offset = 2000), else it is the default."""

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_ALIASES = {"--version": "version"}


class Program(Group):
    """The commands. Only the given one is loaded: loading all takes as long as a server's start."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of all commands."""
        return [*COMMANDS]

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"fakesmtp.cli.{cmd_name}"), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert `serve` before options that have no command."""
        first = args[0] if args else "-"
        if ctx.resilient_parsing:  # a shell completes the arguments
            return super().parse_args(ctx, args)
        if first in _ALIASES:
            args = [_ALIASES[first], *args[1:]]
        elif first.startswith("-") and first not in ctx.help_option_names:
            args = ["serve", *args]
        return super().parse_args(ctx, args)


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return the exit code.

    Raises `ConfigurationError` for wrong usage.
    """
    program = Program("fakesmtp", help=_HELP, epilog=_EPILOG, context_settings=_CONTEXT)
    try:
        return program(list(arguments), prog_name="fakesmtp", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        raise ConfigurationError(_explain(error)) from error


def _explain(error: click.UsageError) -> str:
    """State what is wrong, then what would be right."""
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        return explain_value(error)
    help_option = f"\nTry '{error.ctx.command_path} --help'." if error.ctx else ""
    return f"{_explain_usage(error, error.ctx)}{help_option}"


def _explain_usage(error: click.UsageError, ctx: click.Context | None) -> str:
    match error:
        case click.NoSuchOption() if ctx:
            what = f"an option of {ctx.command_path}; the options are"
            return _explain_unknown(error.option_name, what, _options(ctx))
        case click.NoSuchCommand() if ctx and isinstance(ctx.command, click.Group):
            what = f"a command of {ctx.command_path}; the commands are"
            return _explain_unknown(error.command_name, what, ctx.command.list_commands(ctx))
        case click.MissingParameter() if error.param:
            return f"the {error.param.param_type_name} {error.param.human_readable_name} is missing"
    return error.format_message().removesuffix(".")


def _explain_unknown(name: str, what: str, known: Sequence[str]) -> str:
    near = nearest_name(name, known)
    hint = f". Did you mean {near}?" if near else ""
    return f"{name} is not {what} {', '.join(known)}{hint}"


def _options(ctx: click.Context) -> list[str]:
    params = ctx.command.get_params(ctx)
    return [max(each.opts, key=len) for each in params if isinstance(each, click.Option)]
