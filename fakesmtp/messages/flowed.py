"""Text in `format=flowed`: paragraphs that were split into lines for transport (RFC 3676)."""

from __future__ import annotations

from typing import NamedTuple

_SIGNATURE = "-- "


class _Line(NamedTuple):
    """A line without its quote marks and its stuffing."""

    quotes: int
    text: str

    @property
    def flows(self) -> bool:
        """Whether the next line continues it (§4.2); the line before a signature never does."""
        return self.text.endswith(" ") and self.text != _SIGNATURE


def join_flowed(text: str, *, delete_space: bool) -> str:
    r"""Join the lines of paragraphs; lines end in `\n`. `delete_space` is the parameter DelSp."""
    paragraphs: list[list[str]] = []
    before = _Line(0, "")
    for line in map(_read, text.split("\n")):
        goes_on = before.flows and line.quotes == before.quotes and line.text != _SIGNATURE
        if not goes_on or not paragraphs:
            paragraphs.append([">" * line.quotes + " " if line.quotes else ""])
        shown = line.text[:-1] if delete_space and line.flows else line.text
        paragraphs[-1].append(shown)
        before = line
    return "\n".join("".join(pieces) for pieces in paragraphs)


def _read(line: str) -> _Line:
    text = line.lstrip(">")
    return _Line(len(line) - len(text), text.removeprefix(" "))
