"""The options of a command and its help, made from the table of settings."""

from __future__ import annotations

from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from fakesmtp.cli.settings import SETTINGS, Setting, show_default
from fakesmtp.cli.sources import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., None]

_OWN = "Options"


class GroupedCommand(TyperCommand):
    """A command whose help lists options by group, each name whole.

    Typer's own help has groups only in Rich's panels, which cut long names at 80 columns.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, D102 - Click's, wherever Typer has it from
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                group = getattr(param, "rich_help_panel", None) or _OWN
                groups.setdefault(group, []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)


def takes(*names: str) -> Callable[[Command], Command]:
    """Give a command the options of these settings, and call it with all settings resolved.

    The command's own parameters behind the first one are its own options, as Typer reads them.
    """

    def decorate(command: Command) -> Command:
        def run(**given: Any) -> None:  # noqa: ANN401 - whatever Typer read
            options = {name: given.pop(SETTINGS[name].field_name) for name in names}
            command(resolve(options), **given)

        _, *own = signature(command, eval_str=True).parameters.values()
        parameters = [*own, *(_parameter(SETTINGS[name]) for name in names)]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate


def _parameter(row: Setting) -> Parameter:
    option = typer.Option(
        *_declarations(row),
        help=row.help + show_default(row),
        metavar=row.metavar or None,
        rich_help_panel=row.group,
        show_default=False,
    )
    kind: Any = bool | None if row.is_flag else list[str] | None if row.many else str | None
    return Parameter(
        row.field_name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
    )


def _declarations(row: Setting) -> list[str]:
    name = f"--{row.name}/--no-{row.name}" if row.is_flag else f"--{row.name}"
    return [name] if row.short is None else [name, row.short]
