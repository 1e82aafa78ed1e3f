"""Commands whose help is printed like all other output: a failure is one sentence."""

from __future__ import annotations

import click

from fakesmtp.cli.console import print_lines


class Helping(click.Command):
    """A command that prints its help with `print_lines`, which has errors of its own."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return Click's option, with another way to print."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _print_help
        return option


class Group(Helping, click.Group):
    """Commands under one name."""


def _print_help(ctx: click.Context, _: click.Parameter, wanted: object) -> None:
    if wanted and not ctx.resilient_parsing:
        print_lines([ctx.get_help()])
        ctx.exit()
