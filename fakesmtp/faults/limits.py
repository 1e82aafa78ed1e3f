"""Limits like those of a provider, as ready-made rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.faults.making import make_rule
from fakesmtp.faults.rules import check_option
from fakesmtp.faults.values import RuleError
from fakesmtp.text import quote, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.faults.rules import Rule


class Limit(NamedTuple):
    """A limit: the option that takes its number, the other options, what it counts."""

    option: str
    options: Mapping[str, Any]
    counts: str


LIMITS: Mapping[str, Limit] = {
    "messages-per-second": Limit(
        "over_rate",
        {"where": "mail", "per": "account", "reply": "451 4.7.1 Too many messages a second"},
        "messages per second and AppKey",
    ),
    "recipients-per-message": Limit(
        "over_recipients",
        {"where": "rcpt", "reply": "452 4.5.3 Too many recipients"},
        "recipients per message",
    ),
    "connections": Limit(
        "over_connections",
        {"where": "greeting", "reply": "421 4.7.0 Too many connections", "close": True},
        "open connections",
    ),
    "size": Limit(
        "over_size",
        {"where": "end-of-data", "reply": "552 5.3.4 Message too big"},
        "bytes per message",
    ),
}


def make_limit(kind: str, number: object, options: Mapping[str, Any], *, origin: str = "") -> Rule:
    """Return the rule of a limit; `options` override its own.

    Raises `RuleError`, whose message starts with `origin`.
    """
    prefix = f"{origin}: " if origin else ""
    limit = LIMITS.get(str(kind).replace("_", "-"))
    if limit is None:
        hint = suggest(kind, LIMITS)
        raise RuleError(f"{prefix}{quote(kind)} is not a limit; {hint}", str(kind))
    if number is None:
        raise RuleError(f"{prefix}the limit {kind} needs n, the number of {limit.counts}", "n")
    try:
        check_option(limit.option, number, called=kind)
    except RuleError as error:
        raise RuleError(f"{prefix}{error}", error.option) from None
    name = f"at most {quote(number)} {limit.counts}"
    given = {"name": name, **limit.options, limit.option: number, **options}
    return make_rule(given, origin=origin)
