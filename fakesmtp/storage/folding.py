"""The form in which texts are compared when they are searched: no case, no width, no layout."""

from __future__ import annotations

import re
from unicodedata import is_normalized, normalize

#: ㄱ to ㆎ stand alone, as in ㅋㅋ and ㅠㅠ. NFKC would join them to syllables.
_NOT_LETTERS = re.compile("[^\u3131-\u318e]+")
#: Half of a surrogate pair, and what SQLite's tokenizer takes for the replacement character.
_NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
_REPLACEMENT = "\ufffd"


def fold(text: str) -> str:
    r"""Return a text as it is searched.

    Unicode NFKC without case; each run of white space is one blank, none at the ends. A NUL is
    white space, and half of a surrogate pair U+FFFD: no database takes them. The result never
    contains a control character that separates (`\x1c` to `\x1f`).
    """
    folded = text.lower() if text.isascii() else _fold_letters(text)
    return " ".join(folded.replace("\0", " ").split())


def mend(text: str) -> str:
    """Return a text that every database takes: without NUL and without half a surrogate pair."""
    mended = text if text.isascii() else _NO_CHARACTERS.sub(_REPLACEMENT, text)
    return mended.replace("\0", _REPLACEMENT)


def _fold_letters(text: str) -> str:
    text = _NO_CHARACTERS.sub(_REPLACEMENT, text)
    if not is_normalized("NFKC", text):
        text = _normalize(text)
    folded = text.casefold()
    return folded if is_normalized("NFKC", folded) else _normalize(folded)


def _normalize(text: str) -> str:
    return _NOT_LETTERS.sub(lambda found: normalize("NFKC", found[0]), text)
