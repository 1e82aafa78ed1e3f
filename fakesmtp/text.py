"""Make untrusted text (of clients, of files) safe to print."""

from __future__ import annotations

import re
from reprlib import Repr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Maximum length of a line in a terminal, a report or an error (characters).
LONGEST_SHOWN = 300
#: Maximum length of a text inside a line (characters).
_SHORT = 60
#: Characters that are shown before the first difference of two texts.
_BEFORE = 40
#: The least likeness of a typing error and what was meant, from 0 to 1.
_ALIKE = 0.65
_SEPARATORS = re.compile(r"[\W_]+")
_NO_NAMES: Mapping[str, str] = {}
_QUOTER = Repr()
_QUOTER.maxlevel = 3
_QUOTER.maxstring = _QUOTER.maxother = 100
_QUOTER.maxlong = 40


def show(text: str) -> str:
    r"""Escape control characters as `\x1b`, so that a terminal or a page does not obey them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_lines(text: str) -> str:
    """Escape control characters of each line; line ends are kept."""
    return text if text.isprintable() else "\n".join(map(show, text.split("\n")))


def quote(value: object) -> str:
    """Return the `repr` of a value for an error, shortened if it is long or deeply nested."""
    try:
        return _QUOTER.repr(value)
    except (ValueError, RecursionError):  # a number of more digits than Python converts
        return f"a very long {type(value).__name__}"


def is_whole(text: str) -> bool:
    """Return whether a text can be written as UTF-8: it has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """Shorten a line of more than 300 characters, and append its length."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def shorten(text: str, limit: int = _SHORT) -> str:
    """Shorten a text to `limit` characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quote_both(one: object, other: object, limit: int) -> tuple[str, str]:
    """Return the `repr` of two values that differ, shortened to about `limit` characters.

    The first difference is shown, also where it comes late.
    """
    if isinstance(one, str) and isinstance(other, str):
        one, other = _shorten_both(one, other, limit)
        return repr(one), repr(other)
    return _shorten_both(repr(one), repr(other), limit)


def _shorten_both(one: str, other: str, limit: int) -> tuple[str, str]:
    if max(len(one), len(other)) <= limit:
        return one, other
    pairs = enumerate(zip(one, other, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = same - _BEFORE if same > limit - _BEFORE else 0
    begin = "…" if start else ""
    return shorten(begin + one[start:], limit), shorten(begin + other[start:], limit)


def nearest_name(
    name: object, known: Iterable[str], other_names: Mapping[str, str] = _NO_NAMES
) -> str | None:
    """Return the known name that an unknown one is probably meant to be; None if none is near.

    `other_names` are what other programs call them, in lower case with `_`. Case, `-` and `_` are
    ignored. A name is near if it has all words of the other or more (`timeout`: `idle_timeout`),
    or if it may be a typing error.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - 5 ms, for errors alone

    if not isinstance(name, str):
        return None
    plain, plains = _simplify(name), {each: _simplify(each) for each in known}
    if plain in other_names:
        return other_names[plain]
    ratios = {each: SequenceMatcher(None, plain, other).ratio() for each, other in plains.items()}
    near = [each for each, other in plains.items() if _share_words(plain, other)] or [
        each for each, ratio in ratios.items() if ratio >= _ALIKE
    ]
    return max(near, key=lambda each: ratios[each], default=None)


def _simplify(name: str) -> str:
    return _SEPARATORS.sub("_", name.lower()).strip("_")


def _share_words(one: str, other: str) -> bool:
    """Return whether one of two names has all words of the other."""
    words, others = set(one.split("_")), set(other.split("_"))
    return words <= others or others <= words


def suggest(name: object, known: Iterable[str], other_names: Mapping[str, str] = _NO_NAMES) -> str:
    """Return a hint for an unknown name: the one that is probably meant, or else all of them."""
    known = [*known]
    near = nearest_name(name, known, other_names)
    return f"did you mean {near!r}?" if near else f"valid are {', '.join(known)}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: `1 message`, `2 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
