"""One setting: an option that is also a variable and a key of the file."""

from __future__ import annotations

from types import NoneType
from typing import Any

import click

from fakesmtp.cli.aliases import read_alias
from fakesmtp.cli.values import Flag, Truth, Value

#: The groups of the help, in its order.
WHERE = "Where it listens"
WHO = "Who may log in"
HOW = "How it replies"
WHAT = "What it keeps and prints"
FILES = "Files it uses"
READ = "What it reads"
PAGE = "The page and the HTTP API"
GROUPS = (READ, WHERE, WHO, PAGE, HOW, WHAT, FILES)


class Setting(click.Option):
    """An option that is also a variable and a key of the file; `group` is its heading."""

    def __init__(self, name: str, *, group: str, short: str = "", **attributes: Any) -> None:  # noqa: ANN401 - Click's
        kind, default = attributes["type"], attributes.get("default")
        attributes.setdefault("show_default", default not in (None, (), False))
        if isinstance(kind, Value) and not isinstance(default, tuple | NoneType):
            attributes["default"] = kind.write(default)
        has_opposite = isinstance(kind, Truth) and not isinstance(kind, Flag)
        flag = f"--{name}/--no-{name}" if has_opposite else f"--{name}"
        if isinstance(kind, Flag):
            attributes["is_flag"] = True
        variable = f"FAKESMTP_{name.replace('-', '_').upper()}"
        super().__init__([flag, *filter(None, [short])], envvar=variable, **attributes)
        self.group = group
        self._key = name

    @property
    def variable(self) -> str:
        """The name in the environment: `FAKESMTP_PORT_OFFSET`."""
        return str(self.envvar)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the value of the variable, else that of a variable of Mailpit."""
        own = super().resolve_envvar_value(ctx)
        alias = read_alias(self._key) if own is None else None
        return alias[1] if alias else own

    def name_source(self, ctx: click.Context) -> str:
        """Return the name of the variable that the value came from."""
        is_own = super().resolve_envvar_value(ctx) is not None
        alias = None if is_own else read_alias(self._key)
        return alias[0] if alias else self.variable


def describe(
    kind: click.ParamType[Any],
    text: str,
    *,
    group: str,
    metavar: str | None = None,
    multiple: bool = False,
    short: str = "",
) -> dict[str, Any]:
    """Describe the option of a field."""
    return {
        "type": kind,
        "help": text,
        "group": group,
        "metavar": metavar,
        "multiple": multiple,
        "short": short,
    }
