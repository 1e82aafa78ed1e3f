"""From files to rules, and from what a request holds: the same words as in Python.

A file holds `[[fault]]` tables, one a rule, `[limits]` by their kind, and a `seed` for those rules
that have a probability. Keys are written with `-` or `_`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.limits import make_limit
from fakesmtp.faults.making import make_rule
from fakesmtp.faults.words import RuleError, suggest
from fakesmtp.files import read_text
from fakesmtp.tables import TableError, parse_json, parse_toml
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fakesmtp.faults.rules import Rule

_TOP = ("seed", "fault", "limits")
_MOST_FAULTS = 1_000
_TOML_HEAD = re.compile(r"\s*\[\[\s*fault\s*\]\]")
_JSON_HEAD = re.compile(r'"fault"\s*:\s*\[')
_JSON_GAP = re.compile(r"[\s,]*")


class Source:
    """A text and its name, to say in which line a word stands; `blocks` are faults' first lines."""

    def __init__(self, name: str = "", text: str = "", blocks: Iterable[int] = ()) -> None:
        self._name = name
        self._lines = text.splitlines()
        self._blocks = tuple(blocks)

    def at(self, word: str = "", block: int | None = None) -> str:
        """Say where a word stands, in the whole text or in the nth fault: `faults.toml:3: `."""
        if not self._name:
            return "" if block is None else f"fault {block + 1}: "
        first, last = self._range(block)
        line = self._find(word, first, last) if word else None
        number = first if line is None and block is not None else line
        return f"{self._name}: " if number is None else f"{self._name}:{number + 1}: "

    def _range(self, block: int | None) -> tuple[int, int]:
        if block is None or block >= len(self._blocks):
            return 0, len(self._lines)
        last = self._blocks[block + 1] if block + 1 < len(self._blocks) else len(self._lines)
        return self._blocks[block], last

    def _find(self, word: str, first: int, last: int) -> int | None:
        name = re.escape(word.replace("-", "_"))
        key = re.compile(rf"""(?:^|[\s{{,"'\[.]){name}["'\]]?\s*[=:.\]]""")
        lines = (self._lines[n].replace("-", "_") for n in range(first, last))
        return next((first + n for n, line in enumerate(lines) if key.search(line)), None)


def read_file(path: str | Path) -> tuple[Rule, ...]:
    """Read the rules of a TOML file, or of a JSON file by its suffix.

    Raises `ConfigurationError` with file and line, what is wrong and the nearest right word.
    """
    path = Path(path)
    text = read_text(path, ConfigurationError)
    name, parse, find_blocks = _FORMS.get(path.suffix, _TOML)
    try:
        table = parse(text)
    except TableError as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigurationError(f"{where}: this is no {name}: {error}") from error
    return read_table(table, Source(str(path), text, find_blocks(text)))


def read_table(table: object, source: Source | None = None) -> tuple[Rule, ...]:
    """Read rules out of what a file, or a request, holds; raises `ConfigurationError`."""
    source = source or Source()
    if not isinstance(table, dict):
        raise ConfigurationError(f"{source.at()}a script of faults is a table, not {quote(table)}")
    for key in table:
        if key not in _TOP:
            hint = suggest(key, _TOP)
            raise ConfigurationError(f"{source.at(key)}there is no {quote(key)}; {hint}")
    return (*_read_faults(table, source), *_read_limits(table, source))


def _toml_blocks(text: str) -> list[int]:
    return [n for n, line in enumerate(text.splitlines()) if _TOML_HEAD.match(line)]


def _json_blocks(text: str) -> Iterator[int]:
    """The lines in which the objects of the list of faults begin."""
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
        except (ValueError, RecursionError):  # what looked like the list stands inside of a text
            return
        line += text.count("\n", start, position)


_TOML = ("TOML", parse_toml, _toml_blocks)
#: By the suffix of a file: its name in an error, what parses it, what finds its faults.
_FORMS: Mapping[str, tuple[str, Callable[[str], object], Callable[[str], Iterable[int]]]] = {
    ".json": ("JSON", parse_json, _json_blocks),
}


def _read_faults(table: Mapping[str, Any], source: Source) -> Iterator[Rule]:
    faults, seed = table.get("fault", ()), table.get("seed")
    if not isinstance(faults, list | tuple):
        raise ConfigurationError(f"{source.at('fault')}faults are a list: write [[fault]]")
    if len(faults) > _MOST_FAULTS:
        # Every rule is asked at every line of every client.
        raise ConfigurationError(
            f"{source.at('fault')}{len(faults):,} faults are too many: at most {_MOST_FAULTS:,}"
        )
    for block, words in enumerate(faults):
        if not isinstance(words, dict):
            raise ConfigurationError(f"{source.at('fault')}a fault is a table, not {quote(words)}")
        given = {key.replace("-", "_"): value for key, value in words.items()}
        if seed is not None and "probability" in given:
            given.setdefault("seed", seed)
        yield _make_fault(given, source, block)


def _make_fault(given: Mapping[str, Any], source: Source, block: int) -> Rule:
    origin = source.at(block=block).removesuffix(": ")
    try:
        return make_rule(given, origin=origin)
    except RuleError as error:
        what = str(error).removeprefix(f"{origin}: ")
        raise ConfigurationError(f"{source.at(error.word, block)}{what}") from None


def _read_limits(table: Mapping[str, Any], source: Source) -> Iterator[Rule]:
    limits = table.get("limits", {})
    if not isinstance(limits, dict):
        raise ConfigurationError(f"{source.at('limits')}limits are a table: write [limits]")
    for kind, value in limits.items():
        words = dict(value) if isinstance(value, dict) else {"n": value}
        at = source.at(kind)
        try:
            yield make_limit(kind, words.pop("n", None), words, origin=at.removesuffix(": "))
        except RuleError as error:
            raise ConfigurationError(f"{at}{str(error).removeprefix(at)}") from None
