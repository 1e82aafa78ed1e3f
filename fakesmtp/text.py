"""Make untrusted text (of clients, of files) safe to print."""

from __future__ import annotations

from reprlib import Repr

#: Maximum length of a line in a terminal, a report or an error (characters).
LONGEST_SHOWN = 300
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
