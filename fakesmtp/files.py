"""Read untrusted files: with a size limit, and never a pipe or device."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from fakesmtp.errors import FakeSMTPError

_MEGABYTE = 1024 * 1024
#: Maximum size of a file of settings, faults or accounts (bytes).
MOST_BYTES = 1 * _MEGABYTE
#: Names of the file types that `stat` reports for files that are not regular.
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bytes(
    path: Path, error: type[FakeSMTPError], *, most: int = MOST_BYTES, what: str = ""
) -> bytes:
    """Return the content of a file of at most `most` bytes.

    Raise `error` for a file that is larger, cannot be read, or is not a regular file. `what`
    describes the file in the error, before its path.
    """
    name = f"{what}{path}"
    try:
        with open_regular(path) as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as problem:
        raise error(f"cannot read {name}: {explain(problem)}") from problem
    if len(content) > most:
        raise error(f"cannot read {name}: it has more than {most:,} bytes")
    return content


def read_text(
    path: Path, error: type[FakeSMTPError], *, most: int = MOST_BYTES, what: str = ""
) -> str:
    """Return the text of a file (UTF-8, with or without a byte order mark); see `read_bytes`."""
    content = read_bytes(path, error, most=most, what=what)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"cannot read {what}{path}: it is not UTF-8 ({problem})") from problem


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file without blocking on a pipe; raise OSError for any other kind."""
    file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 - Path has no opener
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode):
        file.close()
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        raise OSError(None, f"it is {kind}, not a regular file")
    return file


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def explain(problem: OSError | ValueError) -> str:
    """Explain in a few words why a file cannot be read."""
    return getattr(problem, "strerror", None) or str(problem)
