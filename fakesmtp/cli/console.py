"""Printing: whole lines at once, and never an error about a character."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import UnsupportedOperation
from typing import TYPE_CHECKING, TextIO

from fakesmtp.errors import FakeSMTPError
from fakesmtp.text import show as escape
from fakesmtp.text import show_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["OutputError", "complain", "escape", "say", "warn"]


class OutputError(FakeSMTPError):
    """What was to be printed cannot be written, to a full disk for instance."""


def say(lines: Iterable[str]) -> None:
    r"""Print the lines at once; what the output's encoding lacks is written as `\u3042`.

    Raises `OutputError`, and `BrokenPipeError` when nobody reads any longer.
    """
    text = "".join(f"{line}\n" for line in lines)
    out: TextIO | None = sys.stdout  # None in a process that was started without one
    if text and out is not None:
        encoding = out.encoding or "utf-8"
        try:
            _write(out, text.encode(encoding, "backslashreplace"), encoding)
        except BrokenPipeError:
            raise  # who reads the first lines only is served with them: no error to tell of
        except OSError as error:
            raise OutputError(f"cannot write the output: {error.strerror}") from error


def _write(out: TextIO, data: bytes, encoding: str) -> None:
    """Write past Python's buffer: what is left in it after a failure fails at exit once more.

    And a thread that waits in it for a reader would hold up the exit.
    """
    try:
        number = -1 if sys.platform == "win32" else out.fileno()
    except UnsupportedOperation:  # no file, as in tests
        number = -1
    if number < 0:
        out.write(data.decode(encoding))
        out.flush()
        return
    while data:
        data = data[os.write(number, data) :]


def warn(sentence: str) -> None:
    """Print a warning beside the output, which may be read by a program."""
    complain(f"warning: {sentence}")


def complain(sentence: object) -> None:
    """Print an error beside the output; one that cannot be printed stops nothing."""
    if sys.stderr is not None:  # `print` would take None for the output
        with suppress(OSError, ValueError):
            print(show_lines(f"fakesmtp: {sentence}"), file=sys.stderr)
