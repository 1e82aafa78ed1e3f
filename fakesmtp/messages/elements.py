"""Track the open elements of a page, to know what is hidden.

A small part of the HTML standard's rules (§13.2.6): which tags end which elements, also elements
without an end tag. Each tag takes constant time, however deep the page is nested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Inline elements; all others begin a new line.
IN_LINE = _names(
    "a abbr b bdi bdo big cite code del dfn em font i img ins kbd mark q s samp small span strike"
    " strong sub sup tt u var wbr"
)
_VOID = _names("area base br col embed hr img input keygen link meta param source track wbr")
_BLOCKS = _names(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hr main menu nav ol p pre search section summary table"
    " ul"
)
# A tag inside one of these does not end an element outside it (§13.2.4.2).
_WALLS = ("caption", "table", "td", "th", "template")
_IN_TABLES = _names("caption col colgroup tbody td template tfoot th thead tr")
_ROWS = ("tbody", "tfoot", "thead")

# A start tag, the elements that it ends, and the elements that limit its effect.
_ENDED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(_BLOCKS, (("p",), _WALLS)),
    **dict.fromkeys(("dd", "dt"), (("dd", "dt"), ("dl", *_WALLS))),
    "li": (("li",), ("menu", "ol", "ul", *_WALLS)),
    "option": (("option",), ("select",)),
    "td": (("td", "th"), ("table",)),
    "th": (("td", "th"), ("table",)),
    "tr": (("tr",), ("table",)),
    **dict.fromkeys(_ROWS, (_ROWS, ("table",))),
}
_ANY_BLOCK = "*"


class OpenElements:
    """The open elements, innermost last."""

    def __init__(self) -> None:
        self._names: list[str] = []
        # Positions of the elements of each name; `*` stands for all that begin a new line.
        self._places: dict[str, list[int]] = {}
        self._hidden_from: int | None = None

    @property
    def hidden(self) -> bool:
        """Whether the next text is inside a hidden element."""
        return self._hidden_from is not None

    def start(self, name: str, *, hidden: bool) -> None:
        """Open an element, and end the elements that its start tag ends."""
        ended, walls = _ENDED.get(name, ((), ()))
        self._end(max(map(self._last, ended), default=-1), walls)
        if name in _VOID:
            return
        if hidden and self._hidden_from is None:
            self._hidden_from = len(self._names)
        for key in _keys(name):
            self._places.setdefault(key, []).append(len(self._names))
        self._names.append(name)

    def end(self, name: str) -> None:
        """End the innermost element of this name and its content; ignore a tag out of scope."""
        self._end(self._last(name), _walls(name))

    def _last(self, name: str) -> int:
        places = self._places.get(name)
        return places[-1] if places else -1

    def _end(self, place: int, walls: tuple[str, ...]) -> None:
        if place < 0 or any(self._last(wall) > place for wall in walls):
            return
        while len(self._names) > place:
            for key in _keys(self._names.pop()):
                self._places[key].pop()
        if self._hidden_from is not None and self._hidden_from >= place:
            self._hidden_from = None


def _walls(name: str) -> tuple[str, ...]:
    """Return the elements that limit the scope of an end tag."""
    if name in IN_LINE:
        return (_ANY_BLOCK,)
    return {"table": ()}.get(name, ("table",) if name in _IN_TABLES else _WALLS)


def _keys(name: str) -> tuple[str, ...]:
    return (name,) if name in IN_LINE else (name, _ANY_BLOCK)
