"""The place in a message that a finding is about, with the text around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fakesmtp.findings.finding import Where
from fakesmtp.messages import ReceivedMessage
from fakesmtp.messages.mime import Part
from fakesmtp.messages.parts import is_body, read_body

#: Characters before and after the marked text.
_AROUND = 80
#: Characters of a marked text that are shown.
_MOST = 300


class Place(NamedTuple):
    """The marked text and what is around it; `tab` shows it in full, at a line of the source."""

    before: str
    marked: str
    after: str
    tab: str
    line: int | None


def locate(where: Where, message: ReceivedMessage, parts: Sequence[Part]) -> Place | None:
    """Return the text at a place; None for a finding about the whole message.

    `parts` are those of the message: reading them for each finding would take long.
    """
    if where.header:
        return _mark(message.header(where.header) or "", where, "headers")
    if where.part:
        return _mark(_read_part(where.part, parts), where, "source")
    return Place("", "", "", "source", where.line) if where.line else None


def _read_part(number: int, parts: Sequence[Part]) -> str:
    part = parts[number - 1] if number <= len(parts) else None
    return read_body(part) if part is not None and is_body(part) else ""


def _mark(text: str, where: Where, tab: str) -> Place:
    if where.offset is None:
        return Place("", text[:_MOST], "", tab, where.line)
    start, end = where.offset, where.offset + where.length
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    return Place(before, text[start:end][:_MOST], after, tab, where.line)
