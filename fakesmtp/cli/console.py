"""Printing: whole lines at once, and never an error about a character."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def say(lines: Iterable[str]) -> None:
    r"""Print the lines at once; what the output's encoding lacks is written as `\u3042`."""
    text = "".join(f"{line}\n" for line in lines)
    if text:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()


def warn(sentence: str) -> None:
    """Print a warning beside the output, which may be read by a program."""
    print(f"fakesmtp: warning: {sentence}", file=sys.stderr)


def escape(text: str) -> str:
    r"""Write what a terminal could obey as `\x1b`: mails come from anyone."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
