"""Tags: words that people put on messages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError
from fakesmtp.storage.folding import fold, mend
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

#: Characters of a tag, and tags of a message.
LONGEST_TAG = 100
MOST_TAGS = 100


def clean_tags(tags: Collection[str]) -> tuple[str, ...]:
    """Return the tags, sorted, each once in its first spelling; white space in them is one blank.

    Raises `ConfigurationError` for an empty or too long tag, and for too many.
    """
    cleaned = {fold(tag): " ".join(mend(tag).split()) for tag in reversed([*tags])}
    wrong = next((tag for tag in cleaned.values() if not 0 < len(tag) <= LONGEST_TAG), None)
    if wrong is not None:
        raise ConfigurationError(
            f"{quote(wrong)} is not a tag: a tag has 1 to {LONGEST_TAG} characters"
        )
    if len(cleaned) > MOST_TAGS:
        raise ConfigurationError(f"{len(cleaned)} tags are too many: {MOST_TAGS} are allowed")
    return tuple(cleaned[key] for key in sorted(cleaned))


def count_tags(tags: Iterable[str]) -> dict[str, int]:
    """Count the messages of each tag, sorted by tag; spellings that differ in case are one tag."""
    spellings: dict[str, Counter[str]] = {}
    for tag in tags:
        spellings.setdefault(fold(tag), Counter())[tag] += 1
    return {min(spellings[key]): spellings[key].total() for key in sorted(spellings)}
