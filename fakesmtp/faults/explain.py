"""Sentences that explain rules, made from the tables of stages, conditions, schedule and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fakesmtp.faults.conditions import CONDITIONS
from fakesmtp.faults.kinds import OPTIONS
from fakesmtp.faults.schedule import explain_schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.faults.kinds import Kind
    from fakesmtp.faults.rules import Rule


def explain(rule: Rule) -> str:
    """Return a sentence that says when a rule applies and what happens then."""
    text = ", ".join(describe_when(rule))
    return f"{text[0].upper()}{text[1:]}: {describe(rule)}."


def describe_when(rule: Rule) -> list[str]:
    """Return the parts of a sentence that say when a rule applies: stage, conditions, schedule."""
    given = cast("Mapping[str, object]", rule.options)
    conditions = (
        condition.explain(given[name]) for name, condition in CONDITIONS.items() if name in given
    )
    schedule = [*explain_schedule(rule.options)] or ["always"]
    return [rule.where.moment, *conditions, *schedule]


def describe(rule: Rule) -> str:
    """Return what happens when a rule applies, as a sentence without its full stop."""
    given = cast("Mapping[str, object]", rule.options)
    shown = {name: option.show(given[name]) for name, option in OPTIONS.items() if name in given}
    added = [text for name, text in rule.kind.allows.items() if given.get(name)]
    return "; ".join((rule.kind.effect, *added)).format_map(shown)


def describe_kind(kind: Kind) -> str:
    """Return what a kind of fault does, with the names of its options in Markdown."""
    names = {name: f"`{name}`" for name in OPTIONS}
    added = [f"{text} (with `{name}`)" for name, text in kind.allows.items()]
    return "; ".join((kind.effect, *added)).format_map(names)
