"""Files that are not regular files, and the error for each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[[Path], object]

needs_special_files = pytest.mark.skipif(
    os.name == "nt", reason="Windows has no pipes and devices in folders"
)


def make_pipe(path: Path) -> None:
    """Create a named pipe without a writer."""
    os.mkfifo(path)


#: By name: a function that creates the file, and the reason in the error.
SPECIAL: dict[str, tuple[Make, str]] = {
    "a pipe": (make_pipe, "it is a named pipe, not a regular file"),
    "an endless device": (
        lambda path: path.symlink_to("/dev/zero"),
        "it is a device, not a regular file",
    ),
    "a folder": (Path.mkdir, "Is a directory"),
    "a broken link": (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    "a link to itself": (
        lambda path: path.symlink_to(path),
        "Too many levels of symbolic links",
    ),
}
