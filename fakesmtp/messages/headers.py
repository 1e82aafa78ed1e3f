"""Header fields, and the grammar of those that describe a part (RFC 2045, 2183, 2231)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from fakesmtp.messages.charsets import decode_text
from fakesmtp.messages.decoding import decode_header, header_bytes, plain_header, unfold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Fields = list[tuple[str, str]]

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[ \t]*")
# The first line in files of mailbox programs.
_MBOX = (b"From ", b">From ")

_COMMENT_MARKS = re.compile(r'\\.|"(?:[^"\\]|\\.)*(?:"|\Z)|[()]', re.DOTALL)
# A quoted text that is not closed extends to the end, as in the standard library.
_SEGMENT = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*(?:"|\Z))+', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TYPE = re.compile(r"\s*([^\s/;()]+)\s*/\s*([^\s/;()]+)")
# RFC 2231 §3 and §4: `name*`, `name*0`, `name*0*`.
_PARAMETER_NAME = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*)?")
# `report (1).pdf` without quotes is a name, not a name with a comment.
_FILE_NAMES = frozenset({"filename", "name"})
#: Characters of a value whose parameters are remembered: a program sends the same in each message.
_MOST_REMEMBERED = 200


# -- fields ----------------------------------------------------------------------------------------


class Header(NamedTuple):
    """Fields of a header, not decoded, in order; the body begins at `end`."""

    fields: Fields
    end: int


def read_header(raw: bytes, start: int = 0) -> Header:
    """Read the header that begins at `start`, up to a blank line or a line that begins with `--`.

    A line that is not a field does not end the header: it is skipped if more fields follow, and
    belongs to the body if none do. Bytes beyond ASCII are surrogates in the values.
    """
    found: list[tuple[bytes, list[bytes]]] = []
    end = before = start
    for line, after in _lines(raw, start):
        if not line.rstrip(b"\r\n"):
            end = after if end == before else end
            break
        if line.startswith(b"--"):
            break
        if _take(line, found, follows=end == before):
            end = after
        elif not found and not line.startswith(_MBOX):
            break
        before = after
    return Header(_as_text(found), end)


def _take(line: bytes, found: list[tuple[bytes, list[bytes]]], *, follows: bool) -> bool:
    """Add a line as a field, or to the previous field; return whether it is valid."""
    match = _FIELD.match(line if found else line.lstrip(b" \t"))
    if match:
        found.append((match[1], [match.string[match.end() :]]))
    elif found and follows and line[:1] in {b" ", b"\t"}:
        found[-1][1].append(line)
    else:
        return False
    return True


def _lines(raw: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Yield each line with its line end, and the position of its end."""
    while start < len(raw):
        end = raw.find(b"\n", start) + 1 or len(raw)
        yield raw[start:end], end
        start = end


def _as_text(found: Iterable[tuple[bytes, list[bytes]]]) -> Fields:
    return [
        (name.decode(), b"".join(lines).rstrip(b"\r\n").decode("ascii", "surrogateescape"))
        for name, lines in found
    ]


def field(fields: Fields, name: str) -> str:
    """Return the first field of this name (in lower case), `""` if there is none."""
    for key, value in fields:
        if key.lower() == name:
            return value
    return ""


# -- values of fields ------------------------------------------------------------------------------


def content_type(value: str) -> str:
    """Return the type of a Content-Type header in lower case; `text/plain` if it has none."""
    match = _TYPE.match(strip_comments(unfold(value)))
    name = f"{match[1]}/{match[2]}".lower() if match else ""
    return name if name and name.isascii() else "text/plain"


def before_parameters(value: str) -> str:
    """Return the value before the parameters, in lower case and without comments."""
    return strip_comments(plain_header(value)).partition(";")[0].strip(' \t"').lower()


def parameter(value: str, name: str, *, words: bool = True) -> str | None:
    """Return a parameter of a Content-Type or Content-Disposition header, decoded.

    RFC 2231 is supported, and with `words` RFC 2047 too: RFC 2047 §5 forbids it here, but it is
    common in file names.
    """
    if not value:
        return None
    read = _known_parameter if len(value) <= _MOST_REMEMBERED else _read_parameter
    return read(value, name, words)


def _read_parameter(value: str, name: str, words: bool) -> str | None:  # noqa: FBT001 - as `parameter`
    sections = _sections(value, name)
    if any(extended for extended, _ in sections):
        return _join_sections(sections)
    text = "".join(text for _, text in sections)
    return (decode_header(text) if words else text) if sections else None


_known_parameter = lru_cache(maxsize=256)(_read_parameter)


def strip_comments(text: str) -> str:
    """Remove comments (RFC 5322 §3.2.2) outside quotes; a comment that never ends is text."""
    if "(" not in text:
        return text
    pieces: list[str] = []
    depth = kept = 0
    for mark in _COMMENT_MARKS.finditer(text):
        if mark[0] == "(":
            if depth == 0:
                pieces.append(text[kept : mark.start()])
            depth += 1
        elif mark[0] == ")" and depth:
            depth -= 1
            kept = mark.end()
    return text if depth else "".join([*pieces, text[kept:]])


def _parameters(value: str) -> Iterator[tuple[str, str]]:
    """Yield names and values; without a `;` after the type there is one parameter."""
    for number, segment in enumerate(_SEGMENT.findall(value)):
        match = _TYPE.match(segment) if number == 0 else None
        name, equals, text = (segment[match.end() :] if match else segment).partition("=")
        if equals:
            yield strip_comments(name).strip(), text.strip()


def _unquote(text: str, name: str) -> str:
    quoted = _QUOTED.match(text)
    if quoted:
        return _QUOTED_PAIR.sub(r"\1", quoted[1])
    # A remaining bracket belongs to a comment that is never closed.
    return text if name in _FILE_NAMES else text.partition("(")[0].strip()


def _sections(value: str, name: str) -> list[tuple[bool, str]]:
    """Return the sections of a parameter in order, and for each whether it is extended.

    A parameter without sections has one section; real sections override it.
    """
    plain: list[str] = []
    sections: dict[int, tuple[bool, str]] = {}
    bare = unfold(value) if name in _FILE_NAMES else strip_comments(unfold(value))
    for key, text in _parameters(bare):
        match = _PARAMETER_NAME.fullmatch(key)
        if match is None or match[1].lower() != name:
            continue
        if match[2] is None and match[3] is None:
            plain.append(_unquote(text, name))
        else:
            section = match[3] is not None, _unquote(text, name)
            sections.setdefault(int(match[2] or 0), section)
    return [sections[number] for number in sorted(sections)] or [
        (False, each) for each in plain[:1]
    ]


def _join_sections(sections: list[tuple[bool, str]]) -> str:
    """Decode the sections of a parameter if at least one is extended (RFC 2231 §4)."""
    charset, quote, rest = sections[0][1].partition("'")
    if quote:
        _language, _, rest = rest.partition("'")
        sections = [(True, rest), *sections[1:]]
    joined = b"".join(
        unquote_to_bytes(header_bytes(text)) if extended else header_bytes(text)
        for extended, text in sections
    )
    return decode_text(joined, charset if quote else None)
