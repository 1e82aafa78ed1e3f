"""Extract the visible text and the links of HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.messages.elements import IN_LINE, OpenElements
from fakesmtp.messages.html import Tag, read_html
from fakesmtp.messages.styles import hiding_selectors, is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINKS = frozenset(["a", "area"])
_UNSEEN = frozenset(
    ["datalist", "iframe", "noembed", "noframes", "rp", "script", "style", "template", "title"]
)
_BLANKS = re.compile(r"\s+")
_BREAKS = re.compile(r" ?\n[ \n]*")
_BREAK = "\0"


class Page(NamedTuple):
    """Content of an HTML page: its visible text, one line for each block, and its links."""

    text: str
    links: tuple[str, ...]


def read_page(html: str) -> Page:
    """Parse HTML. Hidden text is left out; the links of hidden elements are included."""
    return read_tokens(list(read_html(html)))


def read_tokens(tokens: list[Tag | str]) -> Page:
    """Parse HTML that is split into tags and text, as `read_page` does."""
    links = [link for token in tokens if isinstance(token, Tag) for link in _links(token)]
    blanks = _BLANKS.sub(" ", "".join(_seen(tokens))).replace(_BREAK, "\n")
    return Page(_BREAKS.sub("\n", blanks).strip(), tuple(links))


def _links(tag: Tag) -> Iterator[str]:
    link = tag.attributes.get("href", "").strip()
    if link and tag.name in _LINKS and not tag.ends:
        yield link


def _seen(tokens: list[Tag | str]) -> Iterator[str]:
    """Yield the visible text, and a line break for each tag that begins a new line."""
    elements = OpenElements()
    hiding = hiding_selectors(_style_sheets(tokens))
    for token in tokens:
        if isinstance(token, str):
            if not elements.hidden:
                yield token.replace(_BREAK, "")
            continue
        if token.ends:
            elements.end(token.name)
        else:
            hidden = token.name in _UNSEEN or is_hidden(token, hiding)
            elements.start(token.name, hidden=hidden)
        if token.name not in IN_LINE:
            yield _BREAK


def _style_sheets(tokens: list[Tag | str]) -> Iterator[str]:
    inside = False
    for token in tokens:
        if isinstance(token, str):
            if inside:
                yield token
        else:
            inside = token.name == "style" and not token.ends
