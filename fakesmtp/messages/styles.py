"""CSS that hides text, as in the preheaders of messages.

The style of an element counts, and the simple selectors `.name`, `#name`, `tag` and `tag.name` of
style sheets. Rules for some media only (`@media`), or with other selectors, do not hide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fakesmtp.messages.html import Tag

_BRACES = re.compile(r"([{}])")
_SELECTOR = re.compile(r"(?:[a-zA-Z][\w-]*)?[.#][\w-]+|[a-zA-Z][\w-]*")
_NOTHING = re.compile(r"0+(?:\.0*)?(?:px|pt|em|rem|%)?")


def hiding_selectors(style_sheets: Iterable[str]) -> frozenset[str]:
    """Return the simple selectors that hide; the last rule for a selector counts."""
    rules = [rule for sheet in style_sheets for rule in _rules(sheet)]
    hides: dict[str, bool] = {}
    for selectors, declarations in rules:
        known = _hides(declarations)
        if known is not None:
            hides |= dict.fromkeys(selectors, known)
    return frozenset(selector for selector, hidden in hides.items() if hidden)


def is_hidden(tag: Tag, selectors: frozenset[str]) -> bool:
    """Whether an element is hidden, by `hidden`, its style or one of `selectors`."""
    if not tag.attributes:
        return tag.name in selectors
    own = _hides(_declarations(tag.attributes.get("style", "")))
    if own is not None:
        return own
    return "hidden" in tag.attributes or not selectors.isdisjoint(_selectors(tag))


def _selectors(tag: Tag) -> list[str]:
    names = [f".{name}" for name in tag.attributes.get("class", "").split()]
    if tag.attributes.get("id"):
        names.append(f"#{tag.attributes['id']}")
    return [tag.name, *names, *(f"{tag.name}{name}" for name in names)]


def _rules(sheet: str) -> Iterator[tuple[list[str], Mapping[str, str]]]:
    """Yield the simple selectors of a rule and its declarations, except inside `@…{}`."""
    depth = 0
    prelude = ""
    for piece in _BRACES.split(_without_comments(sheet)):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth = max(depth - 1, 0)
        elif depth == 0:
            prelude = piece.rpartition(";")[2].strip()
        elif depth == 1 and not prelude.startswith("@"):
            selectors = (each.strip() for each in prelude.split(","))
            yield [each for each in selectors if _SELECTOR.fullmatch(each)], _declarations(piece)


def _without_comments(sheet: str) -> str:
    pieces = sheet.replace("<!--", "").replace("-->", "").split("/*")
    return "".join([pieces[0], *(piece.partition("*/")[2] for piece in pieces[1:])])


def _declarations(style: str) -> dict[str, str]:
    """Parse `name: value; …`, in lower case and without `!important`."""
    pairs = (each.partition(":") for each in style.lower().split(";"))
    return {name.strip(): value.partition("!")[0].strip() for name, _, value in pairs}


def _hides(style: Mapping[str, str]) -> bool | None:
    """Whether declarations hide an element or show it; None if they do neither."""
    flat = any(_NOTHING.fullmatch(style.get(name, "")) for name in ("height", "max-height"))
    if (
        style.get("display") == "none"
        or style.get("visibility") in {"hidden", "collapse"}
        or _NOTHING.fullmatch(style.get("opacity", ""))
        or (flat and style.get("overflow") == "hidden")
    ):
        return True
    return False if "display" in style else None
