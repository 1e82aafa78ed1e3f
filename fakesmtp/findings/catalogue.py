"""All rules: those of fakesmtp, and those that other packages bring by an entry point."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError
from fakesmtp.findings import addresses, advertising, headers, limits, links, sessions, structure
from fakesmtp.findings.rule import Rule
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

#: Grows with each change of a rule that changes what is found: stored findings name it.
VERSION = 1
#: The group of entry points by which a package brings rules of its own.
GROUP = "fakesmtp.findings"

#: The rules of fakesmtp, as `docs/findings.md` lists them.
RULES: tuple[Rule, ...] = (
    *advertising.RULES,
    *limits.RULES,
    *addresses.RULES,
    *headers.RULES,
    *structure.RULES,
    *links.RULES,
    *sessions.RULES,
)


@cache
def installed_rules() -> tuple[Rule, ...]:
    """Return all rules of this environment, those of other packages last.

    Raises `ConfigurationError` for an entry point that cannot be loaded or is not a rule.
    """
    found = [rule for point in entry_points(group=GROUP) for rule in _load(point)]
    return (*RULES, *found)


def _load(point: EntryPoint) -> Iterator[Rule]:
    """Load a rule, or an iterable of rules."""
    name = f"the entry point {point.name} = {point.value} of {GROUP}"
    try:
        loaded = point.load()
    except Exception as error:
        raise ConfigurationError(f"{name} cannot be loaded: {error}") from error
    rules = loaded if isinstance(loaded, list | tuple) else [loaded]
    for rule in rules:
        if not isinstance(rule, Rule) or type(rule) is Rule:
            raise ConfigurationError(
                f"{name} is {quote(rule)}; it must be a MessageRule, a SessionRule, or a list or "
                "tuple of them"
            )
        yield rule
