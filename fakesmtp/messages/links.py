"""URLs in plain text."""

from __future__ import annotations

import re

_START = re.compile(r"\bhttps?://(?=[A-Za-z0-9\[])", re.IGNORECASE)
# The characters of RFC 3986 §2: `https://example.com/a로` ends before 로.
_PIECE = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]+|[()\[\]]")
_BRACKETS = {")": "(", "]": "["}
# Punctuation of the sentence, and an opening bracket.
_NOT_AT_THE_END = ".,;:!?'*(["


def find_urls(text: str) -> list[str]:
    """Return the http and https URLs, without surrounding punctuation and brackets."""
    urls: list[str] = []
    end = 0
    while start := _START.search(text, end):
        end = _end(text, start.end())
        urls.append(text[start.start() : end].rstrip(_NOT_AT_THE_END))
    return urls


def _end(text: str, start: int) -> int:
    """Return the end of a URL, without a bracket that encloses it: `[a](https://a.example)`."""
    opened: list[str] = []
    end = start
    while piece := _PIECE.match(text, end):
        if piece[0] in _BRACKETS:
            if not opened or opened.pop() != _BRACKETS[piece[0]]:
                break
        elif piece[0] in _BRACKETS.values():
            opened.append(piece[0])
        end = piece.end()
    return end
