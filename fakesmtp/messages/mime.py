"""A message taken apart (RFC 2046 §5.1): one pass over its lines, however deep it is nested.

The parts are slices of the message, so that each is kept byte for byte. A message inside the
message is one part; what is in it is not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages.decoding import header_bytes
from fakesmtp.messages.headers import content_type, field, parameter, read_header

if TYPE_CHECKING:
    from fakesmtp.messages.headers import Fields

# A message that has more parts or levels is not taken apart any further, and says so: parts cost
# memory, and deeper ones come from attacks alone.
_MOST_PARTS = 10_000
_MOST_LEVELS = 100
_TOO_MANY = f"not taken apart: this is all that comes after {_MOST_PARTS} parts"
_TOO_DEEP = f"not taken apart: nested in {_MOST_LEVELS} others"

_MAYBE_DELIMITER = re.compile(rb"^--[^\n]*\n?", re.MULTILINE)


class Part(NamedTuple):
    """A part that holds no parts. `cut` says why it is not taken apart, though it could be."""

    fields: Fields
    kind: str
    body: bytes
    cut: str | None = None


@dataclass(slots=True)
class _Level:
    """A multipart that was begun and has not ended."""

    boundary: bytes
    fields: Fields
    start: int
    child: str
    empty: bool = True


def take_apart(raw: bytes) -> list[Part]:
    """Return the parts that hold no parts, in order; there is at least one."""
    reader = _Reader(raw)
    reader.read()
    return reader.parts


class _Reader:
    """Where the pass over the lines is: the multiparts around it, and the part it is in."""

    def __init__(self, raw: bytes) -> None:
        self.parts: list[Part] = []
        self._raw = raw
        self._levels: list[_Level] = []
        self._depths: dict[bytes, list[int]] = {}
        # A part that was begun, without its body, and where that begins.
        self._leaf: tuple[Part, int] | None = None

    def read(self) -> None:
        """Go through the lines that may be delimiters, and close what is open at the end."""
        position = self._open(0, "text/plain")
        while line := _MAYBE_DELIMITER.search(self._raw, position):
            position = line.end()
            boundary, closes = self._boundary(line[0])
            if boundary is None:
                continue
            depth = self._depths[boundary][-1]
            self._close(_line_before(self._raw, line.start()), depth + 1)
            if len(self.parts) >= _MOST_PARTS:
                rest = self._raw[line.start() :]
                self.parts.append(Part([], "application/octet-stream", rest, _TOO_MANY))
                return
            if closes:
                self._close(line.start(), depth)
            else:
                self._levels[depth].empty = False
                position = self._open(position, self._levels[depth].child)
        self._close(len(self._raw), 0)

    def _boundary(self, line: bytes) -> tuple[bytes | None, bool]:
        """Return the boundary whose delimiter a line is, and whether it closes the multipart."""
        bare = line[2:].rstrip()
        if self._depths.get(bare):
            return bare, False
        bare, closes = bare.removesuffix(b"--"), bare.endswith(b"--")
        return (bare, True) if closes and self._depths.get(bare) else (None, False)

    def _open(self, start: int, default: str) -> int:
        """Read the header of a part, and return where its body begins."""
        fields, end = read_header(self._raw, start)
        value = field(fields, "content-type")
        kind = content_type(value) if value else default
        if not kind.startswith("multipart/"):
            self._leaf = Part(fields, kind, b""), end
        elif len(self._levels) >= _MOST_LEVELS:
            self._leaf = Part(fields, "text/plain", b"", _TOO_DEEP), end
        else:
            # Parts of a digest are messages without saying so (RFC 2046 §5.1.5).
            child = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            boundary = header_bytes(parameter(value, "boundary", words=False) or "").rstrip()
            self._open_multipart(_Level(boundary, fields, end, child))
        return end

    def _open_multipart(self, level: _Level) -> None:
        if level.boundary:
            self._depths.setdefault(level.boundary, []).append(len(self._levels))
            self._levels.append(level)
        else:
            self._leaf = _as_text(level), level.start

    def _close(self, end: int, depth: int) -> None:
        """End the open part, and the multiparts from this depth on."""
        if self._leaf:
            part, start = self._leaf
            self.parts.append(part._replace(body=self._raw[start:end]))
            self._leaf = None
        while len(self._levels) > depth:
            level = self._levels.pop()
            self._depths[level.boundary].pop()
            if level.empty:
                self.parts.append(_as_text(level)._replace(body=self._raw[level.start : end]))


def _as_text(level: _Level) -> Part:
    """Return a multipart that cannot be taken apart as the text that it is."""
    return Part(level.fields, "text/plain", b"")


def _line_before(raw: bytes, end: int) -> int:
    """Return where the line before ends: its line end belongs to the delimiter (§5.1.1)."""
    end -= raw[end - 1 : end] == b"\n"
    return end - (raw[end - 1 : end] == b"\r")
