"""A query as SQL: what `predicate.py` asks of one message, asked of all that are stored."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, false, not_, or_, select, true

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
from fakesmtp.storage.sql.functions import contains, json_item, json_values
from fakesmtp.storage.sql.tables import findings, messages, sessions, tags, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection, FromClause

    from fakesmtp.storage.query import Query
    from fakesmtp.storage.sql.dialect import Dialect

    Condition = ColumnElement[bool]


class Where(NamedTuple):
    """What to select from, by which number it is ordered, and what must hold.

    `counted` is the smallest source in which the matches can be counted.
    """

    source: FromClause
    number: ColumnElement[int]
    condition: Condition
    counted: FromClause


class Search(NamedTuple):
    """The database, and the connection that is in the transaction of the query."""

    dialect: Dialect
    connection: Connection


def compile_query(dialect: Dialect, connection: Connection, query: Query) -> Where:
    """Return the SQL of a query. `connection` must be in the transaction of the query.

    Texts that must be there come first, from the index, which yields the newest at once.
    """
    search = Search(dialect, connection)
    parts = list(_flatten(query))
    wanted = [each for each in parts if isinstance(each, Contains)]
    found = dialect.find(connection, wanted) if wanted else None
    if found is None:
        conditions = [_compile(search, each) for each in parts]
        return Where(messages, messages.c.number, and_(true(), *conditions), messages)
    others = [_compile(search, each) for each in parts if not isinstance(each, Contains)]
    condition = and_(true(), *found.conditions, *others)
    return Where(found.source, found.number, condition, found.source if others else found.counted)


def _flatten(query: Query) -> Iterator[Query]:
    if isinstance(query, All):
        for each in query.queries:
            yield from _flatten(each)
    else:
        yield query


def _compile(search: Search, query: Query) -> Condition:
    return _CONDITIONS[type(query)](search, query)


def _has_header(_: Search, query: HeaderContains) -> Condition:
    # Not `texts` itself, which the search for a text may join.
    own = texts.alias()
    fields = json_values(own.c.headers).table_valued("value")
    name, value = (json_item(fields.c.value, n) for n in range(2))
    found = select(fields.c.value).where(name == query.name, contains(value, query.text))
    return select(own.c.number).where(own.c.number == messages.c.number, found.exists()).exists()


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


def _equals(_: Search, query: Equals) -> Condition:
    column = messages.c[query.field]
    if query.value is None:
        return column.is_(None)
    return and_(column.is_not(None), column == query.value)


def _tagged(_: Search, query: Tagged) -> Condition:
    return messages.c.number.in_(select(tags.c.number).where(tags.c.folded == query.name))


def _applied(_: Search, query: HasFault) -> Condition:
    names = json_values(sessions.c.folded_faults).table_valued("value")
    found = select(names.c.value).where(contains(names.c.value, query.text))
    applied = select(sessions.c.id).where(found.exists())
    return messages.c.session_id.in_(applied)


def _found(_: Search, query: Found) -> Condition:
    held = or_(contains(findings.c.folded_rule, query.text), findings.c.severity == query.text)
    of_messages, of_sessions = (
        select(findings.c.number).where(findings.c.of_sessions == kind, held)
        for kind in (False, True)
    )
    broken = select(sessions.c.id).where(sessions.c.number.in_(of_sessions))
    return or_(messages.c.number.in_(of_messages), messages.c.session_id.in_(broken))


def _all(search: Search, query: All) -> Condition:
    return and_(true(), *(_compile(search, each) for each in query.queries))


def _any(search: Search, query: AnyOf) -> Condition:
    return or_(false(), *(_compile(search, each) for each in query.queries))


_CONDITIONS: Mapping[type, Callable[[Search, Any], Condition]] = {
    Contains: lambda search, query: search.dialect.contains(search.connection, query),
    MessageId: lambda _, query: contains(messages.c.folded_message_id, query.text),
    HeaderContains: _has_header,
    Is: lambda _, query: _FLAGS[query.flag](),
    Equals: _equals,
    Compare: lambda _, query: _COMPARISONS[query.comparison](messages.c[query.field], query.value),
    Tagged: _tagged,
    HasFault: _applied,
    Found: _found,
    All: _all,
    AnyOf: _any,
    Not: lambda search, query: not_(_compile(search, query.query)),
}
