"""The table of settings: the fields of `Settings` and the switches of the policy."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from fakesmtp.cli.options import UNSAFE, Settings
from fakesmtp.cli.setting import HOW, Setting
from fakesmtp.cli.values import Truth, Value, read_count, read_seconds, read_size, show_size
from fakesmtp.protocol.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from dataclasses import Field


def _own_settings() -> Iterator[Setting]:
    for each in fields(Settings):
        if each.metadata:
            yield Setting(each.name.replace("_", "-"), default=each.default, **each.metadata)


#: How a switch of the policy is read, unless it is a choice, and its metavar.
_UNITS: Mapping[str, tuple[click.ParamType[Any], str | None]] = {
    "truth": (Truth(), None),
    "bytes": (Value(read_size, show_size), "SIZE"),
    "count": (Value(read_count), "N"),
    "seconds": (Value(read_seconds, "{:g}".format), "SECONDS"),
}


def _policy_setting(switch: Field[Any]) -> Setting:
    choices: tuple[str, ...] = switch.metadata["choices"]
    kind, metavar = (
        (click.Choice(choices), "|".join(choices)) if choices else _UNITS[switch.metadata["unit"]]
    )
    return Setting(
        switch.name.replace("_", "-"),
        group=HOW,
        type=kind,
        default=switch.default,
        metavar=metavar,
        help=switch.metadata["description"].replace("`", ""),
    )


def _table() -> dict[str, Setting]:
    switches = (each for each in fields(Policy) if not each.name.startswith(UNSAFE))
    rows = (*_own_settings(), *map(_policy_setting, switches))
    return {row.opts[0].removeprefix("--"): row for row in rows}


#: All settings by name (`port-offset`).
SETTINGS: Mapping[str, Setting] = _table()


def make_settings(values: Mapping[str, Any]) -> Settings:
    """Put values (by the name of their field) together; a missing one has its default."""
    given = dict(values)
    switches: dict[str, Any] = {
        UNSAFE + name.replace("-", "_"): True for name in given.get("unsafe", ())
    }
    switches |= {name: given.pop(name) for name in Policy.names() if name in given}
    return Settings(**given, policy=Policy(**switches))
