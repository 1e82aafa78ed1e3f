"""The files of a message: their safe names, and which of them a browser may show."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

from fakesmtp.messages.parts import Attachment

#: Pictures that browsers show safely.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
#: Control characters, those that change the direction of a text, and those of paths.
_UNSAFE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff"
    '<>:"/\\\\|?*]'
)
_LONGEST_NAME = 150
_LONGEST_KIND = 4


class File(NamedTuple):
    """A file as a list shows it: its name is safe, `size` is in bytes, `kind` a few letters."""

    name: str
    kind: str
    content_type: str
    size: int
    is_picture: bool
    content_id: str | None
    problem: str | None


def describe_file(file: Attachment, number: int) -> File:
    """Return what a list shows of the file with a number, from 1."""
    return File(
        name_of(file, number),
        _kind_of(file, number),
        file.content_type,
        len(file.content),
        file.content_type in PICTURES,
        file.content_id,
        file.problem,
    )


def safe_name(name: str) -> str:
    """Return a file name without folders and without characters that deceive a reader."""
    return " ".join(_UNSAFE.sub(" ", name).split()).strip(". ")[:_LONGEST_NAME]


def name_of(file: Attachment, number: int) -> str:
    """Return the safe name of a file, by its number where it has none."""
    last = re.split(r"[/\\]", file.filename or "")[-1]
    return safe_name(last) or f"attachment-{number}"


def _kind_of(file: Attachment, number: int) -> str:
    """Return the ending of a file's name, or the start of its type where it has none."""
    ending = PurePosixPath(name_of(file, number)).suffix[1:]
    kind = ending if 0 < len(ending) <= _LONGEST_KIND else file.content_type.rpartition("/")[2]
    return kind[:_LONGEST_KIND]


def dispose(name: str) -> str:
    """Return the value of Content-Disposition (RFC 6266 §4.3) for a safe name."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
