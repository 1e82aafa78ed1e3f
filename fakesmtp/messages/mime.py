"""Split a message into parts (RFC 2046 §5.1) in one pass over its lines, at any depth.

The parts are slices of the message, so each keeps its exact bytes. An attached message is one part;
it is not parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages.decoding import header_bytes
from fakesmtp.messages.headers import content_type, field, parameter, read_header

if TYPE_CHECKING:
    from fakesmtp.messages.headers import Fields

# A message with more parts or levels is not parsed any further, and the result says so: parts cost
# memory, and deeper levels occur only in attacks.
_MOST_PARTS = 10_000
_MOST_LEVELS = 100
_TOO_MANY = f"not parsed: everything after {_MOST_PARTS} parts"
_TOO_DEEP = f"not parsed: nested in {_MOST_LEVELS} multiparts"

_MAYBE_DELIMITER = re.compile(rb"^--[^\n]*\n?", re.MULTILINE)


class Part(NamedTuple):
    """A part without subparts. `cut` explains why a multipart was not parsed.

    Its body begins at byte `start` of the message. `number` is its place in the tree, as IMAP
    numbers parts (RFC 3501 §6.4.5): `2.1` is the first part of the second part. A message that is
    not a multipart has the number `0`.
    """

    fields: Fields
    kind: str
    body: bytes
    cut: str | None = None
    start: int = 0
    number: str = "0"


class Structure(NamedTuple):
    """The header of a message, its parts that hold no parts, and the multiparts that are broken.

    A broken multipart is given by its boundary, `""` where it has none, and the byte at which its
    body begins. `unused` are those whose boundary never comes, `unclosed` those that do not end.
    """

    fields: Fields
    parts: list[Part]
    unused: list[tuple[str, int]]
    unclosed: list[tuple[str, int]]
    #: The byte at which the body begins.
    body: int


@dataclass(slots=True)
class _Level:
    """A multipart that has begun and not ended."""

    boundary: bytes
    fields: Fields
    start: int
    child: str
    parts: int = 0


def split_message(raw: bytes) -> Structure:
    """Return the parts of a message; there is at least one."""
    reader = _Reader(raw)
    reader.read()
    return Structure(reader.fields, reader.parts, reader.unused, reader.unclosed, reader.body)


class _Reader:
    """State of the pass over the lines: the open multiparts and the current part."""

    def __init__(self, raw: bytes) -> None:
        self.fields: Fields = []
        self.body = 0
        self.parts: list[Part] = []
        self.unused: list[tuple[str, int]] = []
        self.unclosed: list[tuple[str, int]] = []
        self._raw = raw
        self._levels: list[_Level] = []
        self._depths: dict[bytes, list[int]] = {}
        # The part that has begun, without its body, and where its body begins.
        self._leaf: tuple[Part, int] | None = None

    def read(self) -> None:
        """Read the lines that may be delimiters, and close everything that is open at the end."""
        position = self.body = self._open(0, "text/plain")
        while line := _MAYBE_DELIMITER.search(self._raw, position):
            position = line.end()
            boundary, closes = self._boundary(line[0])
            if boundary is None:
                continue
            depth = self._depths[boundary][-1]
            self._close(_line_before(self._raw, line.start()), depth + 1)
            if len(self.parts) >= _MOST_PARTS:
                start = line.start()
                rest = self._raw[start:]
                rest_kind = "application/octet-stream"
                self.parts.append(Part([], rest_kind, rest, _TOO_MANY, start, "rest"))
                return
            if closes:
                self._close(line.start(), depth, is_delimited=True)
            else:
                self._levels[depth].parts += 1
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
        self.fields = self.fields if start else fields
        value = field(fields, "content-type")
        kind = content_type(value) if value else default
        if not kind.startswith("multipart/"):
            self._leaf = Part(fields, kind, b"", number=self._number()), end
        elif len(self._levels) >= _MOST_LEVELS:
            self._leaf = Part(fields, "text/plain", b"", _TOO_DEEP, number=self._number()), end
        else:
            # The parts of a digest are messages by default (RFC 2046 §5.1.5).
            child = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            boundary = header_bytes(parameter(value, "boundary", words=False) or "").rstrip()
            self._open_multipart(_Level(boundary, fields, end, child))
        return end

    def _open_multipart(self, level: _Level) -> None:
        if level.boundary:
            self._depths.setdefault(level.boundary, []).append(len(self._levels))
            self._levels.append(level)
        else:
            self.unused.append(("", level.start))
            self._leaf = self._as_text(level), level.start

    def _close(self, end: int, depth: int, *, is_delimited: bool = False) -> None:
        """End the open part, and the multiparts from this depth on, by a delimiter or without."""
        if self._leaf:
            part, start = self._leaf
            self.parts.append(part._replace(body=self._raw[start:end], start=start))
            self._leaf = None
        while len(self._levels) > depth:
            level = self._levels.pop()
            self._depths[level.boundary].pop()
            if not level.parts:
                body = self._raw[level.start : end]
                self.parts.append(self._as_text(level)._replace(body=body, start=level.start))
            if not level.parts or not is_delimited:
                broken = self.unclosed if level.parts else self.unused
                broken.append((level.boundary.decode("utf-8", "replace"), level.start))

    def _as_text(self, level: _Level) -> Part:
        """Return a multipart that cannot be parsed as text."""
        return Part(level.fields, "text/plain", b"", number=self._number())

    def _number(self) -> str:
        """Return the place of the part that begins, or of the multipart that has ended."""
        return ".".join(str(level.parts) for level in self._levels) or "0"


def _line_before(raw: bytes, end: int) -> int:
    """Return the end of the previous line: its line end belongs to the delimiter (§5.1.1)."""
    end -= raw[end - 1 : end] == b"\n"
    return end - (raw[end - 1 : end] == b"\r")
