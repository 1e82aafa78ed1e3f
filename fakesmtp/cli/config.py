"""The file of settings, fakesmtp.toml: Click's defaults, and where in the file each of them is."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.errors import ConfigurationError
from fakesmtp.files import read_text
from fakesmtp.tables import TableError, parse_toml
from fakesmtp.text import nearest_name, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from click import Option

FILE_NAME = "fakesmtp.toml"
PREFIX = "FAKESMTP_"
#: The variable of `--config`, one of this project's own tests, and that of a worker process.
_OTHERS = {"FAKESMTP_CONFIG", "FAKESMTP_TEST_ALL", "FAKESMTP_WORKER"}
_MOST = 2**63 - 1


class Config(NamedTuple):
    """The values of a file by the name of their option, and the place of each for an error."""

    values: Mapping[str, Any]
    places: Mapping[str, str]


def load(path: Path, options: Mapping[str, Option]) -> Config:
    """Read a file that may hold these options, by their name (`port-offset`).

    Raises `ConfigurationError` that names file and line.
    """
    text = read_text(path, ConfigurationError)
    values, places = {}, {}
    for key, value in _parse(text, path).items():
        place = f"{path}{_line_of(key, text)}"
        option = _find(key, options, place)
        places[option.name] = f"{place}, {key}"
        values[option.name] = _shape(value, option, places[option.name])
    return Config(values, places)


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except TableError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error


def _find(key: str, options: Mapping[str, Option], place: str) -> Option:
    name = key.replace("_", "-")
    if name in options:
        return options[name]
    near = nearest_name(name, options)
    hint = f"did you mean {near}?" if near else f"the settings are {', '.join(options)}"
    raise ConfigurationError(f"{place}: {quote(key)} is not a setting; {hint}")


def _line_of(key: str, text: str) -> str:
    """Return `, line 3` for a key; nothing when its line is not found."""
    start = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    lines = (n for n, line in enumerate(text.splitlines(), 1) if start.match(line))
    number = next(lines, None)
    return f", line {number}" if number else ""


def _shape(value: object, option: Option, place: str) -> Any:  # noqa: ANN401 - as in the file
    """Return a list for an option that may be repeated, one value for another."""
    values = value if isinstance(value, list) else [value]
    for each in values:
        if not isinstance(each, str | int | float):
            raise ConfigurationError(
                f"{place} must be a string, a number, true or false, or a list of them"
            )
        if isinstance(each, int) and abs(each) > _MOST:
            raise ConfigurationError(f"{place}: {quote(each)} is too large: at most {_MOST}")
    if not values:
        raise ConfigurationError(f"{place} needs at least one value")
    if option.multiple:
        return values
    if len(values) > 1:
        raise ConfigurationError(f"{place} takes one value, not {len(values)}")
    return values[0]


def find_unknown_variables(
    known: Iterable[str], environ: Mapping[str, str] = os.environ
) -> list[str]:
    """Return a sentence for each variable that looks like a setting and is unknown."""
    names = {*known}
    unknown = sorted(n for n in environ if n.startswith(PREFIX) and n not in names | _OTHERS)
    return [f"{name} is not a setting; {_suggest(name, names)}" for name in unknown]


def _suggest(name: str, known: Iterable[str]) -> str:
    bare = [each.removeprefix(PREFIX) for each in known]
    near = nearest_name(name.removeprefix(PREFIX), bare)
    return f"did you mean {PREFIX}{near}?" if near else "fakesmtp serve --help lists them"
