"""Printing: whole lines at once, and never an error about a character."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from fakesmtp.text import show as escape
from fakesmtp.text import show_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["complain", "escape", "say", "warn"]


def say(lines: Iterable[str]) -> None:
    r"""Print the lines at once; what the output's encoding lacks is written as `\u3042`."""
    text = "".join(f"{line}\n" for line in lines)
    if text:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()


def warn(sentence: str) -> None:
    """Print a warning beside the output, which may be read by a program."""
    complain(f"warning: {sentence}")


def complain(sentence: object) -> None:
    """Print an error beside the output; one that cannot be printed stops nothing."""
    with suppress(OSError, ValueError):
        print(show_lines(f"fakesmtp: {sentence}"), file=sys.stderr)
