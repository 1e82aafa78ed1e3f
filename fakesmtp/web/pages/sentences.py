"""Sentences that other packages make, in the reader's language: diagnoses, notes, rules, problems.

Sessions keep them in English, also in files and recordings, and the command line prints them. The
catalogue `sentences` of a language has a template for each: `refused: {refusal}`. A sentence that
matches a template is made again from its translation.

A template has a context (`msgctxt`), which says what the sentence is about. `{name}` stands for a
value that stays as it is. Where the name is a context, the value is a sentence of that context, and
the template matches only if that sentence has a translation too: a sentence is never half English.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache, partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from babel.messages.pofile import read_po

from fakesmtp.faults.explain import describe, describe_when, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from babel.messages import Message

    from fakesmtp.faults.rules import Rule

_LOCALE = Path(__file__).parents[1] / "locale"
_ENGLISH = "en"
_VALUE = re.compile(r"\{(\w+)\}")
#: Values of which more is known, by name.
_FORMS = {"number": r"[\d.,]+", "stage": r"[a-z-]+"}
#: Longer texts are not sentences of ours. Matching takes time that grows with the length.
_LONGEST = 2_000
#: Translations that are kept: lists show the same sentences again and again.
_KEPT = 1_000


class Sentence(NamedTuple):
    """A sentence, and the language that it is in."""

    text: str
    language: str


class _Template(NamedTuple):
    """A sentence with names of values, and its translation."""

    patterns: tuple[re.Pattern[str], ...]
    translation: str
    literal: int

    @classmethod
    def read(cls, message: Message) -> Self:
        """Make a template of a message of a catalogue."""
        text, translation = str(message.id), str(message.string)
        pieces = _VALUE.split(text)
        return cls(
            # The first split that fits, and the last one: values may contain what follows them.
            tuple(_compile(pieces, value) for value in (".+?", ".+")),
            translation,
            sum(map(len, pieces[::2])),
        )

    def matches(self, text: str) -> Iterator[Mapping[str, str]]:
        """Yield the values of a text, if the template matches."""
        found = (pattern.fullmatch(text) for pattern in self.patterns)
        return (match.groupdict() for match in found if match is not None)


def _compile(pieces: list[str], value: str) -> re.Pattern[str]:
    """Return the pattern of literal texts and names of values in turn."""
    parts = (
        f"(?P<{each}>{_FORMS.get(each, value)})" if n % 2 else re.escape(each)
        for n, each in enumerate(pieces)
    )
    return re.compile("".join(parts), re.DOTALL)


class Sentences:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._find = lru_cache(_KEPT)(self._search)

    @cached_property
    def _templates(self) -> Mapping[str, list[_Template]]:
        """The templates of each context. They are read when the first page is shown."""
        return _read_templates(self.language)

    def translate(self, context: str, text: str) -> Sentence:
        """Return a sentence of a context in the language, or in English."""
        return self._choose(self._find(context, text), text)

    def translate_lines(self, context: str, text: str) -> Sentence:
        """Return a text whose lines are sentences, or samples of code, which stay as they are."""
        lines = (self._find(context, line) or line for line in text.split("\n"))
        return self._choose("\n".join(lines), text)

    def explain(self, rule: Rule) -> Sentence:
        """Return a sentence that says when a fault rule applies and what happens then."""
        when = [self._find("when", each) for each in describe_when(rule)]
        what = self._find("what", describe(rule))
        parts = [each for each in (*when, what) if each is not None]
        sentence = f"{', '.join(parts[:-1])}: {what}." if len(parts) > len(when) else None
        return self._choose(sentence, explain(rule))

    def _choose(self, translation: str | None, text: str) -> Sentence:
        """Return the translation, or the English text if there is none."""
        if translation is None:
            return Sentence(text, _ENGLISH)
        return Sentence(translation, self.language)

    def _search(self, context: str, text: str) -> str | None:
        """Return the translation of a sentence; None if there is none."""
        if len(text) > _LONGEST:
            return None
        found = (self._fill(each, text) for each in self._templates.get(context, ()))
        return next(filter(None, found), None)

    def _fill(self, template: _Template, text: str) -> str | None:
        return next(filter(None, map(partial(self._put, template), template.matches(text))), None)

    def _put(self, template: _Template, values: Mapping[str, str]) -> str | None:
        """Return the translation of a template with values; None if one has no translation."""
        filled = {
            name: self._find(name, value) if name in self._templates else value
            for name, value in values.items()
        }
        if None in filled.values():
            return None
        return _VALUE.sub(lambda name: str(filled[name[1]]), template.translation)


def _read_templates(language: str) -> Mapping[str, list[_Template]]:
    """Return the templates of each context, the most specific ones first."""
    path = _LOCALE / language / "LC_MESSAGES" / "sentences.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        messages = [each for each in read_po(file, locale=language) if each.id and each.string]
    by_context: dict[str, list[_Template]] = {}
    for message in messages:
        by_context.setdefault(str(message.context), []).append(_Template.read(message))
    return {
        context: sorted(templates, key=attrgetter("literal"), reverse=True)
        for context, templates in by_context.items()
    }
