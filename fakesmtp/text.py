"""Writing what strangers chose (clients, files) so that it can be shown anywhere."""

from __future__ import annotations

from reprlib import Repr

#: Characters of a line that are shown in a terminal, a report or an error.
LONGEST_SHOWN = 300
_QUOTER = Repr()
_QUOTER.maxlevel = 3
_QUOTER.maxstring = _QUOTER.maxother = 100
_QUOTER.maxlong = 40


def show(text: str) -> str:
    r"""Write what a terminal or a page could obey as `\x1b`: clients send anything."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_lines(text: str) -> str:
    """Write each line so; the ends of lines stay."""
    return text if text.isprintable() else "\n".join(map(show, text.split("\n")))


def quote(value: object) -> str:
    """Write a wrong value for an error, as `repr` does, but short however long or deep it is."""
    try:
        return _QUOTER.repr(value)
    except (ValueError, RecursionError):  # a number of more digits than Python writes
        return f"a very long {type(value).__name__}"


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """Shorten a line that is longer than anyone reads, and say how long it is."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
