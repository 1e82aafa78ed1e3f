"""Make untrusted text (of clients, of files) safe to print."""

from __future__ import annotations

from reprlib import Repr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Maximum length of a line in a terminal, a report or an error (characters).
LONGEST_SHOWN = 300
#: How much alike an unknown name and the one that is meant are at least, from 0 to 1.
_ALIKE = 0.5
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


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """Shorten a line of more than 300 characters, and append its length."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def nearest_name(name: object, known: Iterable[str]) -> str | None:
    """Return the known name that an unknown one is probably meant to be."""
    from difflib import get_close_matches  # noqa: PLC0415 - 5 ms, for errors alone

    near = get_close_matches(name, [*known], 1, _ALIKE) if isinstance(name, str) else ()
    return next(iter(near), None)


def suggest(name: object, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the one that is probably meant, or else all of them."""
    known = [*known]
    near = nearest_name(name, known)
    return f"did you mean {near!r}?" if near else f"valid are {', '.join(known)}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: `1 message`, `2 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
