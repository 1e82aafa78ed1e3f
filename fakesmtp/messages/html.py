"""Split HTML into tags and text in one pass, by the WHATWG HTML standard (§13.2.5).

The standard library's parser is not used: it treats comments, declarations and attributes
differently in each version of Python, and takes quadratic time for constructs that are not closed.
A parser that builds a tree is not used: the standard's rules for misnested tags let 29 KB of HTML
become 1.4 GB.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Everything else that begins with `<` is text.
_MARKUP = re.compile(r"<(?:(/?)([a-zA-Z][^\t\n\f\r />]*)|!--|[!?]|/(?!\Z))")
_ATTRIBUTE = re.compile(r"[\t\n\f\r /]*(?:(=?[^\t\n\f\r />=]+|=)[\t\n\f\r ]*(=?)[\t\n\f\r ]*)?")
_UNQUOTED = re.compile(r"[^\t\n\f\r >]*")
_COMMENT_END = re.compile(r"--!?>")
# Elements whose content is text up to their end tag (§13.2.6.2); some of them have entities.
_RAW: Mapping[str, bool] = {
    "iframe": False,
    "noembed": False,
    "noframes": False,
    "script": False,
    "style": False,
    "textarea": True,
    "title": True,
    "xmp": False,
}
_RAW_END = {name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in _RAW}
_ALL_THE_REST = "plaintext"

_NUMBER = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]+)|0*([0-9]+))")
_LONGEST_NUMBER = 7
_REFERENCE = re.compile(r"&(?:#[xX]?[0-9a-fA-F]+|([a-zA-Z][a-zA-Z0-9]*));?")


class Tag(NamedTuple):
    """A start tag with its attributes, or an end tag; names are in lower case."""

    name: str
    attributes: Mapping[str, str]
    ends: bool = False
    closes_itself: bool = False


def read_html(html: str) -> Iterator[Tag | str]:
    """Yield tags and text in order, entities decoded, without comments and declarations."""
    position = 0
    while markup := _MARKUP.search(html, position):
        if markup.start() > position:
            yield read_entities(html[position : markup.start()])
        if markup[2] is None:
            position = _end_of_comment(html, markup)
            continue
        tag, position = _read_tag(html, markup)
        if tag is None:
            return
        yield tag
        if not tag.ends and (tag.name in _RAW or tag.name == _ALL_THE_REST):
            end = _end_of_raw(html, tag.name, position)
            raw = html[position:end]
            yield read_entities(raw) if _RAW.get(tag.name) else raw
            position = end
    yield read_entities(html[position:])


def _end_of_comment(html: str, markup: re.Match[str]) -> int:
    """Return the end of a comment or declaration; without a closing it extends to the end."""
    start = markup.end()
    if markup[0] == "<!--":
        if html.startswith((">", "->"), start):
            return html.index(">", start) + 1
        closing = _COMMENT_END.search(html, start)
        return closing.end() if closing else len(html)
    return html.find(">", start) + 1 or len(html)


def _end_of_raw(html: str, name: str, start: int) -> int:
    end = _RAW_END[name].search(html, start) if name in _RAW else None
    return end.start() if end else len(html)


def _read_tag(html: str, markup: re.Match[str]) -> tuple[Tag | None, int]:
    """Read a tag and its end; None if the HTML ends first, and the tag is then left out."""
    attributes: dict[str, str] = {}
    position = markup.end()
    while attribute := _ATTRIBUTE.match(html, position):
        position = attribute.end()
        name = attribute[1]
        if name is None:
            break
        value, position = _read_value(html, position) if attribute[2] else ("", position)
        attributes.setdefault(name.lower(), value)
    if html[position : position + 1] != ">":
        return None, len(html)
    closes_itself = html[position - 1] == "/"
    tag = Tag(markup[2].lower(), attributes, markup[1] == "/", closes_itself)
    return tag, position + 1


def _read_value(html: str, start: int) -> tuple[str, int]:
    quote = html[start : start + 1]
    if quote and quote in "\"'":
        end = html.find(quote, start + 1)
        return (read_attribute(html[start + 1 : end]), end + 1) if end >= 0 else ("", len(html))
    unquoted = _UNQUOTED.match(html, start)
    assert unquoted is not None  # noqa: S101 - for the type checker: an empty text matches too
    return read_attribute(unquoted[0]), unquoted.end()


# -- entities --------------------------------------------------------------------------------------


def read_entities(text: str) -> str:
    """Decode the entities of text between tags."""
    return unescape(_NUMBER.sub(_shorten_number, text)) if "&" in text else text


def read_attribute(value: str) -> str:
    """Decode the entities of an attribute; `&timestamp=9` and `&copy=1` are not (§13.2.5.73)."""
    return _REFERENCE.sub(_read_reference, value) if "&" in value else value


def _read_reference(reference: re.Match[str]) -> str:
    name = reference[1]
    if name is None:
        return read_entities(reference[0])
    if reference[0].endswith(";"):
        return html5.get(f"{name};", reference[0])
    followed = reference.string[reference.end() : reference.end() + 1] == "="
    return reference[0] if followed else html5.get(name, reference[0])


def _shorten_number(number: re.Match[str]) -> str:
    """Shorten a number that is not a valid character: Python does not read very long numbers."""
    if number[1]:
        return "&#x" + (number[1] if len(number[1]) <= _LONGEST_NUMBER else "110000")
    return "&#" + (number[2] if len(number[2]) <= _LONGEST_NUMBER else "1114112")
