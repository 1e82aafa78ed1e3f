"""Limits as a provider sets them, as ready-made rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.faults.making import make_rule
from fakesmtp.faults.words import RuleError, suggest
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.faults.rules import Rule


class Limit(NamedTuple):
    """The rule of one kind of limit: the word that takes the number, and the other words."""

    word: str
    words: Mapping[str, Any]
    about: str


LIMITS: Mapping[str, Limit] = {
    "messages-per-second": Limit(
        "over_rate",
        {"where": "mail", "per": "account", "reply": "451 4.7.1 Too many messages a second"},
        "messages a second per AppKey",
    ),
    "recipients-per-message": Limit(
        "over_recipients",
        {"where": "rcpt", "reply": "452 4.5.3 Too many recipients"},
        "recipients a message",
    ),
    "connections": Limit(
        "over_connections",
        {"where": "greeting", "reply": "421 4.7.0 Too many connections", "close": True},
        "connections at once",
    ),
    "size": Limit(
        "over_size",
        {"where": "end-of-data", "reply": "552 5.3.4 Message too big"},
        "bytes a message",
    ),
}


def make_limit(kind: str, number: object, words: Mapping[str, Any], *, origin: str = "") -> Rule:
    """Make the rule of a limit; `words` are laid over its own.

    Raises `RuleError`.
    """
    limit = LIMITS.get(kind.replace("_", "-"))
    if limit is None:
        raise RuleError(f"there is no limit {quote(kind)}; {suggest(kind, LIMITS)}", kind)
    name = f"at most {quote(number)} {limit.about}"
    given = {"name": name, **limit.words, limit.word: number, **words}
    return make_rule(given, origin=origin)
