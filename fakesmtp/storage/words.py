"""Searches as text: words with prefixes, which a table of readers turns into queries.

Words are separated by blanks and must all hold. Double quotes group, and are removed. `-` or `!` in
front negates. A word with an unknown prefix, `12:30` or `https://…`, is free text. A known word
with a wrong value is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from fakesmtp.errors import FakeSMTPError
from fakesmtp.storage.folding import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

T = TypeVar("T")

#: Characters of a search, and words in it.
LONGEST = 4_096
MOST_WORDS = 100
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|\Z))+')
_PREFIX = re.compile(r"([A-Za-z-]+):(.*)", re.DOTALL)


class QueryError(FakeSMTPError, ValueError):
    """A search that cannot be read; `position` is where, counted from 1."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"position {position}: {reason}")
        self.position = position


class Language(NamedTuple, Generic[T]):
    """The words of a kind of search.

    `prefixes` are the readers of values: they get the value, whether the word is negated, and the
    time zone. `free` reads a folded text without a prefix, `negate` its negation. `examples` are
    valid values of the prefixes that do not take any text.
    """

    prefixes: Mapping[str, Callable[[str, bool, tzinfo | None], T]]
    examples: Mapping[str, str]
    free: Callable[[str], T]
    negate: Callable[[T], T]


class _Word(NamedTuple):
    """A word of a search, without quotes and the sign of its negation."""

    text: str
    is_negated: bool
    position: int


def read_words(text: str, language: Language[T], zone: tzinfo | None = None) -> tuple[T, ...]:
    """Read the words of a search. `zone` is that of dates without one. Raises `QueryError`."""
    if len(text) > LONGEST:
        raise QueryError(f"the search has more than {LONGEST:,} characters", LONGEST + 1)
    words = list(_split(text))
    if len(words) > MOST_WORDS:
        raise QueryError(f"more than {MOST_WORDS} words", words[MOST_WORDS].position)
    return tuple(_read_word(word, language, zone) for word in words)


def fold_value(value: str) -> str:
    """Return the folded value of a word. Raises ValueError if nothing of it can be searched."""
    folded = fold(value)
    if not folded:
        raise ValueError("the value has no character that can be searched")
    return folded


def _split(text: str) -> Iterator[_Word]:
    for found in _WORD.finditer(text):
        word, start = found[0], found.start() + 1
        is_negated = len(word) > 1 and word[0] in "-!"
        plain = word[is_negated:].replace('"', "")
        if plain.strip():
            yield _Word(plain, is_negated, start)


def _read_word(word: _Word, language: Language[T], zone: tzinfo | None) -> T:
    found = _PREFIX.fullmatch(word.text)
    read = language.prefixes.get(found[1].lower()) if found else None
    if found is None or read is None:
        query = language.free(_read_text(word.text, word.position))
        return language.negate(query) if word.is_negated else query
    value = found[2].strip()
    if not value:
        example = language.examples.get(found[1].lower(), "text")
        raise QueryError(f"{found[1]}: has no value (example: {found[1]}:{example})", word.position)
    try:
        return read(value, word.is_negated, zone)
    except ValueError as error:
        raise QueryError(f"{found[1]}: {error}", word.position) from None


def _read_text(text: str, position: int) -> str:
    folded = fold(text)
    if not folded:
        raise QueryError("a word of characters that cannot be searched", position)
    return folded
