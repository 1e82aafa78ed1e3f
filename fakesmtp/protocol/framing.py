"""Splits bytes into command lines and messages. Pure; accepts chunks of any size.

CRLF or a bare LF ends a command line, a bare CR does not. Only CRLF.CRLF ends a message
(RFC 5321 §4.1.1.4). A line with more than 8192 bytes before its end is dropped, in both.
"""

from __future__ import annotations

import re
from io import BytesIO

#: Bytes before the line end; what the recorded software allows (RFC 5321 §4.5.3.1.4 asks for 512).
LONGEST_LINE = 8192
_LONGEST_CRLF_LINE = LONGEST_LINE + 2
_DROPPED_LINE = b""
_DOT = ord(".")
_LINE_END_AND_DOT = re.compile(rb"\n\.")


def is_too_long(line: bytes) -> bool:
    """Return whether a line has more than `LONGEST_LINE` bytes before its line end."""
    return len(line) > LONGEST_LINE + (2 if line.endswith(b"\r\n") else 1)


class LineReader:
    """Splits received bytes into command lines."""

    __slots__ = ("_buffer", "_start", "has_more")

    def __init__(self) -> None:
        self._buffer = b""
        self._start = 0
        #: Whether bytes are waiting after the last line.
        self.has_more = False

    def feed(self, chunk: bytes) -> None:
        """Add received bytes."""
        self._buffer = self._buffer[self._start :] + chunk if self.has_more else chunk
        self._start = 0
        self.has_more = bool(self._buffer)

    def next_line(self) -> bytes | None:
        """Return the next line with its end; `b""` if it was too long; None if it is incomplete."""
        buffer, start = self._buffer, self._start
        end = buffer.find(b"\n", start) + 1
        if not end:
            self._shorten_start()
            return None
        self._start = end
        self.has_more = end < len(buffer)
        line = buffer[start:end]
        if len(line) > LONGEST_LINE and is_too_long(line):
            return _DROPPED_LINE
        return line

    def take_rest(self) -> bytes:
        """Return and remove all bytes after the last line."""
        rest, self._buffer, self._start = self._buffer[self._start :], b"", 0
        self.has_more = False
        return rest

    def starts_with(self, prefix: bytes) -> bool:
        """Return whether the waiting bytes start with `prefix`."""
        return self._buffer.startswith(prefix, self._start)

    def _shorten_start(self) -> None:
        """Keep as much of an incomplete line as shows that it is too long."""
        if len(self._buffer) - self._start > _LONGEST_CRLF_LINE:
            self._buffer = self._buffer[self._start :][:_LONGEST_CRLF_LINE]
            self._start = 0


class MessageReader:
    """Collects one message: finds its end, removes stuffed dots, keeps everything else as sent.

    A stuffed dot is the first of two dots at the start of a line, after any line end. A single dot
    before other text stays (recorded: dot-stuffing). If the message has more than `max_size` bytes
    on the wire, its content is dropped.
    """

    __slots__ = (
        "_after_crlf",
        "_carry",
        "_dropping",
        "_kept",
        "_lone_lf_ends",
        "_max_size",
        "_size",
        "lone_dots",
        "long_lines",
    )

    def __init__(self, max_size: int, *, lone_lf_ends: bool = False) -> None:
        self._max_size = max_size
        self._lone_lf_ends = lone_lf_ends
        # Returns its bytes without the copy that joining a list would need.
        self._kept = BytesIO()
        self._size = 0
        self._carry = b""
        self._after_crlf = True
        self._dropping = False
        #: Number of over-long lines that were dropped since this was last set to 0.
        self.long_lines = 0
        #: Number of lines in the message that are a single dot, but do not end it because of a
        #: bare LF.
        self.lone_dots = 0

    @property
    def is_too_big(self) -> bool:
        """Whether the message has more than `max_size` bytes."""
        return self._size > self._max_size

    @property
    def size(self) -> int:
        """Bytes on the wire so far, with an incomplete line, without the line that ends it."""
        return self._size + len(self._carry)

    def raw(self) -> bytes:
        """Return the message without dot-stuffing; `b""` if it is too big."""
        return self._kept.getvalue()

    def feed(self, chunk: bytes) -> bytes | None:
        """Add bytes; return None while the message is incomplete, else the bytes after its end."""
        data = self._carry + chunk if self._carry else chunk
        if self._dropping:
            data = self._finish_dropped_line(data)
        cut = data.rfind(b"\n") + 1
        lines, self._carry = (data, b"") if cut == len(data) else (data[:cut], data[cut:])
        end = self._take_lines(lines) if lines else None
        if end is not None:
            rest, self._carry = lines[end:] + self._carry, b""
            return rest
        if len(self._carry) > _LONGEST_CRLF_LINE:
            self._carry, self._dropping = b"", True
        return None

    def _finish_dropped_line(self, data: bytes) -> bytes:
        end = data.find(b"\n") + 1
        if not end:
            return b""
        self._dropping = False
        self._drop_line(data[:end])
        return data[end:]

    def _drop_line(self, line: bytes) -> None:
        self.long_lines += 1
        self._after_crlf = line.endswith(b"\r\n")

    def _take_lines(self, lines: bytes) -> int | None:
        """Keep whole lines; return the index after the line that ends the message, else None."""
        if len(lines) > LONGEST_LINE and _has_long_line(lines):
            return self._take_one_by_one(lines)
        return self._take_short_lines(lines)

    def _take_short_lines(self, lines: bytes) -> int | None:
        start = 0
        dot = _first_dot(lines)
        while dot >= 0:
            if self._ends_at(lines, dot):
                self._keep(lines[start:dot])
                return lines.index(b"\n", dot) + 1
            if lines.startswith(b"..", dot):
                self._keep(lines[start:dot])
                self._size += 1
                start = dot + 1
            elif lines.startswith((b".\n", b".\r\n"), dot):
                self.lone_dots += 1
            dot = _next_dot(lines, dot)
        self._keep(lines[start:] if start else lines)
        self._after_crlf = lines.endswith(b"\r\n")
        return None

    def _take_one_by_one(self, lines: bytes) -> int | None:
        position = 0
        while position < len(lines):
            end = lines.index(b"\n", position) + 1
            line = lines[position:end]
            if is_too_long(line):
                self._drop_line(line)
            elif self._take_short_lines(line) is not None:
                return end
            position = end
        return None

    def _ends_at(self, lines: bytes, dot: int) -> bool:
        if self._lone_lf_ends:
            return lines.startswith(b"\n", dot + 2)
        after_crlf = lines.endswith(b"\r\n", 0, dot) if dot else self._after_crlf
        return after_crlf and lines.startswith(b".\r\n", dot)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._max_size:
            self._kept.write(part)
        elif self._kept.tell():
            self._kept = BytesIO()


def _first_dot(lines: bytes) -> int:
    """Return the index of the first dot at the start of a line, -1 if there is none."""
    # Searching for one byte takes 5 % of the time of searching for two, and Base64 has no dots.
    if _DOT not in lines:
        return -1
    return 0 if lines.startswith(b".") else _next_dot(lines, 0)


def _next_dot(lines: bytes, start: int) -> int:
    """Return the index of the next dot at the start of a line, -1 if there is none."""
    # `bytes.find` takes three times as long.
    found = _LINE_END_AND_DOT.search(lines, start)
    return found.end() - 1 if found else -1


def _has_long_line(lines: bytes) -> bool:
    """Return whether a line may be too long; jump from line end to line end.

    Reading 64 KiB line by line would take longer than everything else; eight jumps are fast.
    """
    position, last = 0, len(lines)
    while last - position > LONGEST_LINE:
        leap = lines.rfind(b"\n", position, position + _LONGEST_CRLF_LINE) + 1
        if not leap or leap - position == _LONGEST_CRLF_LINE:
            return True
        position = leap
    return False
