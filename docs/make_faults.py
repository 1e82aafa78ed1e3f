"""Write the tables of stages, kinds and limits to `faults.md`.

Run it after changing a stage, a kind of fault or a limit: `python docs/make_faults.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tables import make_table

from fakesmtp.faults.explain import describe_kind
from fakesmtp.faults.kinds import KINDS
from fakesmtp.faults.limits import LIMITS
from fakesmtp.faults.stages import EVERY_STAGE, REPLIES, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fakesmtp.faults.kinds import Kind
    from fakesmtp.faults.limits import Limit

PAGE = Path(__file__).with_name("faults.md")


def make_page(page: str) -> str:
    """Return the page with new tables."""
    for name, rows in {"stages": _stages(), "kinds": _kinds(), "limits": _limits()}.items():
        head, _, rest = page.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition(f"<!-- end of {name} -->")
        page = "\n".join([f"{head}<!-- {name} -->\n", *rows, f"{end}{tail}"])
    return page


def _stages() -> Iterator[str]:
    yield from make_table(("stage", "the moment"), ((f"`{s}`", s.moment) for s in Stage))


def _kinds() -> Iterator[str]:
    yield from make_table(
        ("kind", "effect", "options", "stages"),
        (
            (f"`{kind.name}`", describe_kind(kind), _options(kind), _name_stages(kind.stages))
            for kind in KINDS.values()
        ),
    )


def _options(kind: Kind) -> str:
    needed = (f"`{name}`" for name in kind.needs)
    allowed = (f"`{name}` (optional)" for name in kind.allows)
    return ", ".join((*needed, *allowed))


def _name_stages(stages: frozenset[Stage]) -> str:
    """Return a short description of a set of stages."""
    missing = EVERY_STAGE - stages
    if len(missing) <= 1:
        return " except ".join(["all", *_quote(missing)])
    if stages >= REPLIES:
        return ", ".join(["all with a reply", *_quote(stages - REPLIES)])
    return ", ".join(_quote(stages))


def _quote(stages: Iterable[Stage]) -> Iterator[str]:
    return (f"`{stage}`" for stage in Stage if stage in set(stages))


def _limits() -> Iterator[str]:
    yield from make_table(
        ("limit", "more than", "reply"),
        (
            (f"`{name}`", f"n {limit.counts}", f"`{limit.options['reply']}`{_end(limit)}")
            for name, limit in LIMITS.items()
        ),
    )


def _end(limit: Limit) -> str:
    return "; then the server closes the connection" if limit.options.get("close") else ""


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
