"""Commands that take settings: from the command line, the environment or a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fakesmtp.cli.helping import Helping
from fakesmtp.cli.setting import FILES, GROUPS, Setting
from fakesmtp.cli.settings import SETTINGS, make_settings
from fakesmtp.cli.values import Value, read_path
from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakesmtp.cli.config import Config

_CONFIG = "fakesmtp.config"
_OWN = "Options"
_EPILOG = """A setting may also be a variable (FAKESMTP_CERTS_DIR) or a key of fakesmtp.toml
(certs-dir = "/path"). The option wins over the variable, the variable over the file."""


class Command(Helping):
    """A command that takes the settings of these names, with its own options and arguments.

    Its function gets `settings`, a `Settings`, when it takes some.
    """

    allow_extra_args = True  # `parse_args` refuses them, with an error that hides a SecretKey

    def __init__(
        self,
        name: str | None,
        *,
        takes: Sequence[str] = (),
        params: Sequence[click.Parameter] = (),
        **attributes: Any,  # noqa: ANN401 - Click's
    ) -> None:
        taken = [*(SETTINGS[each] for each in takes), *([_config_option()] if takes else [])]
        epilog = _EPILOG if takes else None
        super().__init__(name, params=[*params, *taken], epilog=epilog, **attributes)
        self._names = [option.name for option in taken if option.expose_value]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the parts of the usage: `[QUERY]...` is optional and may be repeated."""
        pieces = [self.options_metavar or ""]
        for param in self.get_params(ctx):
            for piece in param.get_usage_pieces(ctx):  # none for an option
                shown = piece if param.required else f"[{piece}]"
                pieces.append(f"{shown}..." if param.nargs == -1 else shown)
        return pieces

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and refuse an argument that the command does not take."""
        left = super().parse_args(ctx, args)
        if left and not ctx.resilient_parsing:
            name, colon, _ = left[0].partition(":")
            shown = f"{name}:***" if colon else name
            raise click.UsageError(f"{ctx.command_path} takes no argument {shown!r}", ctx)
        return left

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - the function's result
        """Call the function with its settings."""
        if self._names:
            values = {name: ctx.params.pop(name) for name in self._names}
            ctx.params["settings"] = make_settings(values)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by group, the command's own first."""
        groups: dict[str, list[tuple[str, str]]] = {_OWN: []}
        groups |= {name: [] for name in GROUPS}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                groups[getattr(param, "group", _OWN)].append(record)
        for group, records in groups.items():
            if records:
                with formatter.section(group):
                    formatter.write_dl(records)


# -- where values come from -----------------------------------------------------------------------


def _load_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    """Take Click's defaults from the file that was named, or from fakesmtp.toml if it exists."""
    from fakesmtp.cli.config import FILE_NAME, load  # noqa: PLC0415 - most runs have no file

    chosen = path or Path(FILE_NAME)
    if not os.path.lexists(chosen):
        if path is None:
            return
        raise ConfigurationError(f"{_origin(param, ctx)}: there is no file {path}")
    config = load(chosen, SETTINGS)
    ctx.default_map = {**config.values}
    ctx.meta[_CONFIG] = config


def _config_option() -> Setting:
    return Setting(
        "config",
        type=Value(read_path),
        metavar="FILE",
        help="The file of settings. Default: fakesmtp.toml in this folder, if it exists.",
        group=FILES,
        is_eager=True,
        expose_value=False,
        callback=_load_config,
    )


def _origin(param: click.Parameter, ctx: click.Context) -> str:
    """Name where a value came from: `--port-offset`, its variable, or its line of the file."""
    source = ctx.get_parameter_source(param.name or "")
    if source is ParameterSource.ENVIRONMENT and isinstance(param, Setting):
        return param.name_source(ctx)
    if source is ParameterSource.DEFAULT_MAP:
        config: Config = ctx.meta[_CONFIG]
        return config.places[param.name or ""]
    return param.opts[0] if isinstance(param, click.Option) else param.make_metavar(ctx)


def explain_value(error: click.BadParameter) -> str:
    """Return what is wrong with a value, and where it came from."""
    message = error.message.removesuffix(".")
    if error.param is None or error.ctx is None:
        return message
    join = " " if message.startswith("must ") else ": "
    return f"{_origin(error.param, error.ctx)}{join}{message}"


def nearest(first: str, second: str) -> str | None:
    """Return which of two settings comes from the nearer source; None when both have the same.

    The command line is nearest, then the environment, then the file.
    """
    ctx = click.get_current_context()
    ranks = [[*ParameterSource].index(_source(ctx, name)) for name in (first, second)]
    if ranks[0] == ranks[1]:
        return None
    return first if ranks[0] < ranks[1] else second


def _source(ctx: click.Context, name: str) -> ParameterSource:
    return ctx.get_parameter_source(name) or ParameterSource.DEFAULT
