"""What a test takes out of a mail: links, and the text that a reader of HTML sees."""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser
from typing import NamedTuple

# The characters of RFC 3986 §2: `https://example.com/a로` ends in front of 로.
_URL = re.compile(
    r"\bhttps?://(?=[A-Za-z0-9\[])[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE
)
_NOT_AT_THE_END = ".,;:!?'*"
_BRACKETS = {")": "(", "]": "["}
_LINKS = frozenset(["a", "area"])
_UNSEEN = frozenset(["script", "style", "title", "template", "head"])
_IN_LINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "var",
        "wbr",
    }
)
_BLANKS = re.compile(r"\s+")
_BREAKS = re.compile(r" ?\n[ \n]*")
_BREAK = "\0"


class Page(NamedTuple):
    """What is read from HTML: its text, one line a block, and where its links lead."""

    text: str
    links: tuple[str, ...]


def read_page(html: str) -> Page:
    """Read HTML; what cannot be read as HTML is left out."""
    reader = _Reader()
    # Some versions of the parser assert that there is no `<![` of a kind they do not know.
    with suppress(AssertionError):
        reader.feed(html)
        reader.close()
    blanks = _BLANKS.sub(" ", "".join(reader.pieces)).replace(_BREAK, "\n")
    return Page(_BREAKS.sub("\n", blanks).strip(), tuple(reader.links))


def find_urls(text: str) -> list[str]:
    """Give the http and https URLs in plain text, without the punctuation behind them."""
    return [_trim(url) for url in _URL.findall(text)]


def _trim(url: str) -> str:
    """Cut what belongs to the sentence: a full stop, a bracket that was opened before the URL."""
    end = len(url)
    while url[end - 1] in _NOT_AT_THE_END or (
        url[end - 1] in _BRACKETS
        and url.count(_BRACKETS[url[end - 1]], 0, end) < url.count(url[end - 1], 0, end)
    ):
        end -= 1
    return url[:end]


class _Reader(HTMLParser):
    """Collects links and the text that is seen."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.pieces: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the link, the break in the text, or that what follows is not seen."""
        if tag in _LINKS:
            self.links += [value.strip() for name, value in attrs if name == "href" and value]
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "body":
            self._unseen.clear()
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read `<br/>` as a tag that holds nothing."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note that text is seen again."""
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        self._break(tag)

    def handle_data(self, data: str) -> None:
        """Keep text that is seen."""
        if not self._unseen:
            self.pieces.append(data.replace(_BREAK, ""))

    def _break(self, tag: str) -> None:
        if tag not in _IN_LINE:
            self.pieces.append(_BREAK)
