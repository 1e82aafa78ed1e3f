"""The index of texts: single characters and pairs of neighbours, as numbers.

PostgreSQL has no index that finds two syllables in a text in every locale, so the texts are cut
here. A message has each character and each pair of its texts once, in an array with a GIN index.
What is searched is cut in the same way: a text of one character is in the index as it is, a longer
one as its pairs. The texts that have all of them are then read and compared. Numbers take less
space than texts, and no locale has a say in how they are compared.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Bits of a character (Unicode ends at U+10FFFF).
_BITS = 21
#: Pairs of a search that are looked up; the comparison finds the rest.
_MOST_WANTED = 32


def cut_texts(texts: Iterable[str]) -> set[int]:
    """Return the characters and pairs of some texts."""
    grams: set[int] = set()
    for text in set(texts):
        letters = [ord(letter) << _BITS for letter in text]
        grams.update(letters)
        grams.update(first | second >> _BITS for first, second in pairwise(letters))
    return grams


def cut_wanted(text: str) -> list[int]:
    """Return the pairs that a text must have to contain this one; its character if it has one."""
    if len(text) == 1:
        return [ord(text) << _BITS]
    pairs = (ord(first) << _BITS | ord(second) for first, second in pairwise(text))
    return list(dict.fromkeys(pairs))[:_MOST_WANTED]
