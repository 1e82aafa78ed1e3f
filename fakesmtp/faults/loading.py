"""Reading rules from files and from the bodies of requests, with the options of Python.

A file holds one `[[fault]]` table for each rule, `[limits]` by name, and a `seed` for the rules
that have a probability. Keys have `-` or `_` between their parts.
"""

from __future__ import annotations

import json
import re
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.limits import make_limit
from fakesmtp.faults.making import make_rule
from fakesmtp.faults.rules import check_option
from fakesmtp.faults.values import RuleError
from fakesmtp.files import read_text
from fakesmtp.tables import TableError, parse_json, parse_toml
from fakesmtp.text import quote, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fakesmtp.faults.rules import Rule

_TOP = ("seed", "fault", "limits")
_MOST_FAULTS = 1_000
_TOML_HEAD = re.compile(r"\s*\[\[\s*fault\s*\]\]")
_JSON_HEAD = re.compile(r'"fault"\s*:\s*\[')
_JSON_GAP = re.compile(r"[\s,]*")


class Source:
    """A text and its name, to locate keys by line; `blocks` are the first lines of the faults."""

    def __init__(self, name: str = "", text: str = "", blocks: Iterable[int] = ()) -> None:
        self._name = name
        self._lines = text.splitlines()
        self._blocks = tuple(blocks)

    def at(self, key: object = "", block: int | None = None) -> str:
        """Return the place of a key, in the whole text or in the nth fault: `faults.toml:3: `."""
        if not self._name:
            return "" if block is None else f"fault {block + 1}: "
        first, last = self._range(block)
        line = self._find(str(key), first, last) if key else None
        number = first if line is None and block is not None else line
        return f"{self._name}: " if number is None else f"{self._name}:{number + 1}: "

    def _range(self, block: int | None) -> tuple[int, int]:
        if block is None or block >= len(self._blocks):
            return 0, len(self._lines)
        last = self._blocks[block + 1] if block + 1 < len(self._blocks) else len(self._lines)
        return self._blocks[block], last

    def _find(self, key: str, first: int, last: int) -> int | None:
        name = re.escape(key.replace("-", "_"))
        pattern = re.compile(rf"""(?:^|[\s{{,"'\[.]){name}["'\]]?\s*[=:.\]]""")
        lines = (self._lines[n].replace("-", "_") for n in range(first, last))
        return next((first + n for n, line in enumerate(lines) if pattern.search(line)), None)


def read_file(path: str | Path) -> tuple[Rule, ...]:
    """Read the rules of a TOML file, or of a JSON file if its suffix is `.json`.

    Raises `ConfigurationError` with file and line, what is wrong and what would be right.
    """
    if not isinstance(path, str | PathLike):
        raise ConfigurationError(f"a file of faults must be a path, not {quote(path)}")
    path = Path(path)
    text = read_text(path, ConfigurationError)
    name, parse, find_blocks = _FORMATS.get(path.suffix, _TOML)
    try:
        table = parse(text)
    except TableError as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigurationError(f"{where}: not valid {name}: {error}") from error
    return read_table(table, Source(str(path), text, find_blocks(text)))


def read_table(table: object, source: Source | None = None) -> tuple[Rule, ...]:
    """Read the rules of a parsed file or request. Raises `ConfigurationError`."""
    source = source or Source()
    if not isinstance(table, dict):
        raise ConfigurationError(f"{source.at()}faults must be a table, not {quote(table)}")
    for key in table:
        if key not in _TOP:
            hint = suggest(key, _TOP)
            raise ConfigurationError(f"{source.at(key)}{quote(key)} is not a key; {hint}")
    return (*_read_faults(table, source), *_read_limits(table, source))


def options_of(rule: Rule) -> dict[str, object]:
    """Return the table of a rule, from which `read_table` makes an equal one."""
    options: dict[str, object] = {"name": rule.name, "where": rule.where, "what": rule.what}
    options.update(rule.options)
    if "headers" in rule.options:
        options["headers"] = dict(rule.options["headers"])
    return options


def _toml_blocks(text: str) -> list[int]:
    return [n for n, line in enumerate(text.splitlines()) if _TOML_HEAD.match(line)]


def _json_blocks(text: str) -> Iterator[int]:
    """Return the lines in which the objects of the list of faults begin."""
    head, decoder = _JSON_HEAD.search(text), json.JSONDecoder()
    position = head.end() if head else len(text)
    line = text.count("\n", 0, position)
    for _ in range(_MOST_FAULTS):
        gap = _JSON_GAP.match(text, position)
        start = gap.end() if gap else position
        if not text.startswith("{", start):
            return
        line += text.count("\n", position, start)
        yield line
        try:
            _, position = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # what looked like the list is inside a string
            return
        line += text.count("\n", start, position)


_TOML = ("TOML", parse_toml, _toml_blocks)
#: By the suffix of a file: its name in an error, its parser, and what finds the faults.
_FORMATS: Mapping[str, tuple[str, Callable[[str], object], Callable[[str], Iterable[int]]]] = {
    ".json": ("JSON", parse_json, _json_blocks),
}


def _read_faults(table: Mapping[str, Any], source: Source) -> Iterator[Rule]:
    faults, seed = table.get("fault", ()), _read_seed(table, source)
    if not isinstance(faults, list | tuple):
        raise ConfigurationError(
            f"{source.at('fault')}fault must be a list of tables ([[fault]] in TOML), "
            f"not {quote(faults)}"
        )
    if len(faults) > _MOST_FAULTS:
        # Every rule is evaluated at every line of every client.
        raise ConfigurationError(
            f"{source.at('fault')}at most {_MOST_FAULTS:,} faults are allowed, not {len(faults):,}"
        )
    for block, options in enumerate(faults):
        if not isinstance(options, dict):
            raise ConfigurationError(
                f"{source.at('fault')}a fault must be a table, not {quote(options)}"
            )
        given = _normalize(options)
        if seed is not None and "probability" in given:
            given.setdefault("seed", seed)
        yield _make_fault(given, source, block)


def _read_seed(table: Mapping[str, Any], source: Source) -> int | str | None:
    """Return the seed of rules without one; it is checked even if no rule needs it."""
    seed: int | str | None = table.get("seed")
    if seed is None:
        return None
    try:
        check_option("seed", seed, called="seed")
    except RuleError as error:
        raise ConfigurationError(f"{source.at('seed')}{error}") from None
    return seed


def _normalize(options: Mapping[object, Any]) -> dict[str, Any]:
    return {str(key).replace("-", "_"): value for key, value in options.items()}


def _make_fault(given: Mapping[str, Any], source: Source, block: int) -> Rule:
    origin = source.at(block=block).removesuffix(": ")
    try:
        return make_rule(given, origin=origin)
    except RuleError as error:
        reason = str(error).removeprefix(f"{origin}: ")
        raise ConfigurationError(f"{source.at(error.option, block)}{reason}") from None


def _read_limits(table: Mapping[str, Any], source: Source) -> Iterator[Rule]:
    limits = table.get("limits", {})
    if not isinstance(limits, dict):
        raise ConfigurationError(
            f"{source.at('limits')}limits must be a table ([limits] in TOML), not {quote(limits)}"
        )
    for kind, value in limits.items():
        options = _normalize(value) if isinstance(value, dict) else {"n": value}
        at = source.at(kind)
        try:
            yield make_limit(kind, options.pop("n", None), options, origin=at.removesuffix(": "))
        except RuleError as error:
            raise ConfigurationError(f"{at}{str(error).removeprefix(at)}") from None
