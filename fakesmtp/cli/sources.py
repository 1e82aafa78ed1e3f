"""Where settings come from: option, else environment, else file, else default."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from fakesmtp.cli.settings import SETTINGS, Setting, Settings, make_settings
from fakesmtp.errors import ConfigurationError
from fakesmtp.files import read_text
from fakesmtp.tables import TableError, parse_toml
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_T = TypeVar("_T")

FILE_NAME = "fakesmtp.toml"
_PREFIX = "FAKESMTP_"
#: Read by this project's own tests.
_NOT_OURS = {"FAKESMTP_TEST_ALL"}
_MOST = 2**63 - 1
#: Two names for one thing, what `sessions` reads.
_RIVALS = {"server": "record-dir", "record-dir": "server"}


class Given(NamedTuple):
    """What one source says about a setting: the texts, and how to name the source in an error."""

    texts: tuple[str, ...]
    origin: str


def resolve(options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settle all settings; the options are by name, and None where not given.

    Raises `ConfigurationError` that names the source of what is wrong.
    """
    near = _lay_over(_from_environment(environ), _from_options(options))
    given = _lay_over(_from_file(near.get("config")), near)
    return make_settings({name: _read(SETTINGS[name], what) for name, what in given.items()})


def _lay_over(far: Mapping[str, Given], near: Mapping[str, Given]) -> dict[str, Given]:
    """Lay a nearer source over a farther one; it wins over rivals of what it says, too."""
    beaten = {_RIVALS.get(name) for name in near}
    return {**{name: what for name, what in far.items() if name not in beaten}, **near}


def _read(row: Setting, given: Given) -> Any:  # noqa: ANN401 - each row has a type of its own
    if not given.texts:
        raise ConfigurationError(f"{given.origin} takes at least one value")
    if len(given.texts) > 1 and not row.many:
        raise ConfigurationError(f"{given.origin} takes one value, not {len(given.texts)}")
    values = tuple(read_from(given.origin, row.read, text) for text in given.texts)
    return values if row.many else values[0]


def read_from(origin: str, read: Callable[[str], _T], text: str) -> _T:
    """Read a text; raises `ConfigurationError` that starts with its origin."""
    try:
        return read(text)
    except ValueError as error:
        raise ConfigurationError(f"{origin}: {error}") from error


def _from_options(options: Mapping[str, Any]) -> dict[str, Given]:
    return {
        name: Given(_to_texts(value, f"--{name}"), f"--{name}")
        for name, value in options.items()
        if value not in (None, [], ())
    }


def find_unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Name the variables that look like settings and are none, each with what may be meant."""
    known = {row.variable for row in SETTINGS.values()}
    unknown = sorted(n for n in environ if n.startswith(_PREFIX) and n not in known | _NOT_OURS)
    return [f"{name} is not a setting{_hint(name, known)}" for name in unknown]


def _hint(name: str, known: Collection[str]) -> str:
    near = get_close_matches(
        name.removeprefix(_PREFIX), [each.removeprefix(_PREFIX) for each in known], 1
    )
    return f"; did you mean {_PREFIX}{near[0]}?" if near else "; fakesmtp serve --help lists them"


def _from_environment(environ: Mapping[str, str]) -> dict[str, Given]:
    # Compose files set variables that they have no value for: an empty one is none.
    return {
        row.name: Given(_split(row, text), row.variable)
        for row in SETTINGS.values()
        if (text := environ.get(row.variable, "")).strip()
    }


def _split(row: Setting, text: str) -> tuple[str, ...]:
    return tuple(text.split()) if row.many else (text,)


def _from_file(config: Given | None) -> dict[str, Given]:
    path = SETTINGS["config"].read(config.texts[0]) if config else Path(FILE_NAME)
    if not os.path.lexists(path):
        if config is None:
            return {}
        raise ConfigurationError(f"{config.origin}: there is no file {path}")
    text = read_text(path, ConfigurationError)
    return {
        _name(key, path, text): _from_key(key, value, path, text)
        for key, value in _parse(text, path).items()
    }


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except TableError as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from error


def _from_key(key: str, value: object, path: Path, text: str) -> Given:
    origin = f"{path}{_line_of(key, text)}, {key}"
    return Given(_to_texts(value, origin), origin)


def _name(key: str, path: Path, text: str) -> str:
    name = key.replace("_", "-")
    known = [name for name in SETTINGS if name != "config"]
    if name in known:
        return name
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise ConfigurationError(
        f"{path}{_line_of(key, text)}: there is no setting {quote(key)}; {hint}"
    )


def _line_of(key: str, text: str) -> str:
    """Say in which line a key stands; nothing when that cannot be told."""
    start = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    lines = (n for n, line in enumerate(text.splitlines(), 1) if start.match(line))
    number = next(lines, None)
    return f", line {number}" if number else ""


def _to_texts(value: object, origin: str) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    for each in values:
        if not isinstance(each, str | int | float):
            raise ConfigurationError(
                f"{origin} is a text, a number, true or false, or a list of them"
            )
        if isinstance(each, int) and abs(each) > _MOST:
            raise ConfigurationError(f"{origin} may not be {quote(each)}: it is too large")
    return tuple(str(each) for each in values)
