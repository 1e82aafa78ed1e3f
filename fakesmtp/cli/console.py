"""Printing: whole lines at once, in any encoding."""

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
    from collections.abc import Callable, Iterable

__all__ = [
    "OutputError",
    "escape",
    "is_terminal",
    "print_bytes",
    "print_error",
    "print_lines",
    "warn",
]


class OutputError(FakeSMTPError):
    """The output cannot be written, for instance to a full disk."""


def print_lines(lines: Iterable[str]) -> None:
    r"""Print the lines at once; a character that the encoding lacks is written as `\u3042`.

    Raises `OutputError`, or `BrokenPipeError` when the reader has closed the output.
    """
    text = "".join(f"{line}\n" for line in lines)
    out: TextIO | None = sys.stdout  # None in a process that was started without one
    if text and out is not None:
        encoding = out.encoding or "utf-8"
        data = text.encode(encoding, "backslashreplace")
        _print(out, data, lambda: out.write(data.decode(encoding)))


def print_bytes(data: bytes) -> None:
    """Print bytes unchanged. Raises the errors of `print_lines`."""
    out: TextIO | None = sys.stdout
    if data and out is not None:
        _print(out, data, lambda: out.buffer.write(data))


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; None is the stream of a process without one."""
    return stream is not None and stream.isatty()


def _print(out: TextIO, data: bytes, write: Callable[[], object]) -> None:
    try:
        _write(out, data, write)
    except BrokenPipeError:
        raise  # a reader that needs only the first lines, such as head, is not an error
    except OSError as error:
        raise OutputError(f"cannot write the output: {error.strerror}") from error


def _write(out: TextIO, data: bytes, write: Callable[[], object]) -> None:
    """Write without Python's buffer: after a failure its content would fail again at exit.

    Also, a thread that waits for a reader inside it would delay the exit. `write` is used for
    outputs that are not files.
    """
    try:
        number = -1 if sys.platform == "win32" else out.fileno()
    except UnsupportedOperation:  # no file, as in tests
        number = -1
    if number < 0:
        write()
        out.flush()
        return
    while data:
        data = data[os.write(number, data) :]


def warn(sentence: str) -> None:
    """Print a warning on standard error; a program may read the output."""
    print_error(f"warning: {sentence}")


def print_error(sentence: object) -> None:
    """Print an error on standard error; ignore a failure to do so."""
    if sys.stderr is not None:  # `print` would take None for the output
        with suppress(OSError, ValueError):
            print(show_lines(f"fakesmtp: {sentence}"), file=sys.stderr)
