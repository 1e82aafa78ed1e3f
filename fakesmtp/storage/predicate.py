"""A query as a Python function: what `where.py` asks of a database, asked of one message."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.storage.folding import fold
from fakesmtp.storage.query import (
    All,
    AnyOf,
    Compare,
    Contains,
    Equals,
    Found,
    HasFault,
    HeaderContains,
    Is,
    MessageId,
    Not,
    Tagged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.extraction import Extract
    from fakesmtp.storage.query import Query


class Candidate(NamedTuple):
    """A message that a query is tried on. `tags`, `faults` and the rules of findings are folded.

    `findings` are pairs of rule and severity, also those of the message's session.
    """

    record: MessageRecord
    extract: Extract
    is_read: bool = False
    tags: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    findings: tuple[tuple[str, str], ...] = ()


def matches(query: Query, candidate: Candidate) -> bool:
    """Return whether the query holds for the message."""
    return _HOLDS[type(query)](query, candidate)


def _contains(query: Contains, it: Candidate) -> bool:
    return any(query.text in it.extract.texts[field] for field in query.fields)


def _has_header(query: HeaderContains, it: Candidate) -> bool:
    return any(name == query.name and query.text in value for name, value in it.extract.headers)


def _has_finding(query: Found, it: Candidate) -> bool:
    return any(query.text in rule or query.text == severity for rule, severity in it.findings)


_FLAGS: Mapping[str, Callable[[Candidate], bool]] = {
    "read": lambda it: it.is_read,
    "tagged": lambda it: bool(it.tags),
    "attachment": lambda it: it.extract.facts.attachments > 0,
    "inline": lambda it: it.extract.facts.inlines > 0,
}

#: The facts of a record that are compared as they are.
_EXACT: Mapping[str, Callable[[MessageRecord], str | int | None]] = {
    "id": lambda record: record.id,
    "session_id": lambda record: record.session_id,
    "scope": lambda record: record.scope,
    "app_key": lambda record: record.app_key,
    "mail_type": lambda record: record.login.mail_type.value if record.login else None,
    "port": lambda record: record.port,
    "tls": lambda record: record.tls.version if record.tls else None,
}
_AMOUNTS: Mapping[str, Callable[[MessageRecord], float]] = {
    "received": lambda record: record.received,
    "size": lambda record: len(record.raw),
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}


def _compares(query: Compare, it: Candidate) -> bool:
    value = _AMOUNTS[query.field](it.record)
    return _COMPARISONS[query.comparison](value, query.value)


_HOLDS: Mapping[type, Callable[[Any, Candidate], bool]] = {
    Contains: _contains,
    MessageId: lambda query, it: query.text in it.extract.message_id,
    HeaderContains: _has_header,
    Is: lambda query, it: _FLAGS[query.flag](it),
    Equals: lambda query, it: _EXACT[query.field](it.record) == query.value,
    Compare: _compares,
    Tagged: lambda query, it: query.name in it.tags,
    HasFault: lambda query, it: any(query.text in name for name in it.faults),
    Found: _has_finding,
    All: lambda query, it: all(matches(each, it) for each in query.queries),
    AnyOf: lambda query, it: any(matches(each, it) for each in query.queries),
    Not: lambda query, it: not matches(query.query, it),
}


def fold_all(names: tuple[str, ...]) -> tuple[str, ...]:
    """Fold names, for a candidate."""
    return tuple(map(fold, names))
