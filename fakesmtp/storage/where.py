"""A query as SQL: what `predicate.py` asks of one message, asked of all that are stored."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, false, func, not_, or_, select, true

from fakesmtp.storage import sqlite
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
from fakesmtp.storage.sql import findings, messages, sessions, tags, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, FromClause

    from fakesmtp.storage.query import Query

    Condition = ColumnElement[bool]


class Where(NamedTuple):
    """What to select from, by which number it is ordered, and what must hold.

    `counted` is the smallest source in which the matches can be counted.
    """

    source: FromClause
    number: ColumnElement[int]
    condition: Condition
    counted: FromClause


def compile_query(connection: Connection, query: Query) -> Where:
    """Return the SQL of a query.

    `connection` reads the index's vocabulary, and must be in the transaction of the query.
    Texts that must be there come first, from the index, which yields the newest at once.
    """
    matched: list[str] = []
    others: list[Condition] = []
    for each in _flatten(query):
        found = (
            sqlite.match_expression(connection, each.fields, each.text)
            if isinstance(each, Contains)
            else None
        )
        if found:
            matched.append(found)
        else:
            others.append(false() if found == "" else _compile(connection, each))
    if not matched:
        return Where(messages, messages.c.number, and_(true(), *others), messages)
    index = sqlite.index
    joined = index.join(messages, messages.c.number == index.c.rowid)
    match = index.c.texts_index.op("MATCH")(" AND ".join(f"({each})" for each in matched))
    return Where(joined, index.c.rowid, and_(match, *others), joined if others else index)


def _flatten(query: Query) -> Iterator[Query]:
    if isinstance(query, All):
        for each in query.queries:
            yield from _flatten(each)
    else:
        yield query


def _compile(connection: Connection, query: Query) -> Condition:
    return _CONDITIONS[type(query)](connection, query)


def _contains(connection: Connection, query: Contains) -> Condition:
    match = sqlite.match_expression(connection, query.fields, query.text)
    if match is None:
        held = or_(*(func.instr(texts.c[field], query.text) > 0 for field in query.fields))
        return select(texts.c.number).where(texts.c.number == messages.c.number, held).exists()
    if not match:
        return false()
    index = sqlite.index
    return messages.c.number.in_(
        select(index.c.rowid).where(index.c.texts_index.op("MATCH")(match))
    )


def _has_header(_: Connection, query: HeaderContains) -> Condition:
    fields = func.json_each(texts.c.headers).table_valued("value")
    name, value = (func.json_extract(fields.c.value, f"$[{n}]") for n in range(2))
    found = select(fields.c.value).where(name == query.name, func.instr(value, query.text) > 0)
    return (
        select(texts.c.number).where(texts.c.number == messages.c.number, found.exists()).exists()
    )


_FLAGS: Mapping[str, Callable[[], Condition]] = {
    "read": lambda: messages.c.is_read.is_(True),
    "tagged": lambda: select(tags.c.number).where(tags.c.number == messages.c.number).exists(),
    "attachment": lambda: messages.c.attachments > 0,
    "inline": lambda: messages.c.inlines > 0,
}
_COMPARISONS: Mapping[str, Callable[[Any, float], Condition]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}


def _equals(_: Connection, query: Equals) -> Condition:
    column = messages.c[query.field]
    if query.value is None:
        return column.is_(None)
    return and_(column.is_not(None), column == query.value)


def _tagged(_: Connection, query: Tagged) -> Condition:
    return messages.c.number.in_(select(tags.c.number).where(tags.c.folded == query.name))


def _applied(_: Connection, query: HasFault) -> Condition:
    names = func.json_each(sessions.c.folded_faults).table_valued("value")
    found = select(names.c.value).where(func.instr(names.c.value, query.text) > 0)
    applied = select(sessions.c.id).where(found.exists())
    return messages.c.session_id.in_(applied)


def _found(_: Connection, query: Found) -> Condition:
    held = or_(
        func.instr(findings.c.folded_rule, query.text) > 0, findings.c.severity == query.text
    )
    of_messages, of_sessions = (
        select(findings.c.number).where(findings.c.of_sessions == kind, held)
        for kind in (False, True)
    )
    broken = select(sessions.c.id).where(sessions.c.number.in_(of_sessions))
    return or_(messages.c.number.in_(of_messages), messages.c.session_id.in_(broken))


def _all(connection: Connection, query: All) -> Condition:
    return and_(true(), *(_compile(connection, each) for each in query.queries))


def _any(connection: Connection, query: AnyOf) -> Condition:
    return or_(false(), *(_compile(connection, each) for each in query.queries))


_CONDITIONS: Mapping[type, Callable[[Connection, Any], Condition]] = {
    Contains: _contains,
    MessageId: lambda _, query: func.instr(messages.c.folded_message_id, query.text) > 0,
    HeaderContains: _has_header,
    Is: lambda _, query: _FLAGS[query.flag](),
    Equals: _equals,
    Compare: lambda _, query: _COMPARISONS[query.comparison](messages.c[query.field], query.value),
    Tagged: _tagged,
    HasFault: _applied,
    Found: _found,
    All: _all,
    AnyOf: _any,
    Not: lambda connection, query: not_(_compile(connection, query.query)),
}
