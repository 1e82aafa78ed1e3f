"""How changes are written to the tables: a batch of one kind at a time, in a transaction."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from fakesmtp.storage import sqlite
from fakesmtp.storage.changes import (
    AddMessage,
    AddSession,
    Compact,
    KeepFindings,
    MarkMessages,
    Prune,
    RemoveMatching,
    RemoveMessages,
    UseRules,
)
from fakesmtp.storage.checks import await_check, forget_checks, keep_findings, use_rules
from fakesmtp.storage.sql import (
    content_values,
    contents,
    message_values,
    messages,
    session_values,
    sessions,
    tag_values,
    tags,
    text_values,
    texts,
)
from fakesmtp.storage.updates import UpdateKind
from fakesmtp.storage.where import compile_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from fakesmtp.storage.changes import Change, State
    from fakesmtp.storage.query import Query

#: Values that one statement names: SQLite before 3.32 takes 999.
_AT_ONCE = 500


def _add_messages(
    connection: Connection, state: State, batch: Sequence[AddMessage]
) -> Sequence[int]:
    first = state.last_message + 1
    numbered = [(number, each.record, each.extract) for number, each in enumerate(batch, first)]
    for table, rows in (
        (messages, [message_values(*each) for each in numbered]),
        (contents, [content_values(number, record.raw) for number, record, _ in numbered]),
        (texts, [text_values(number, read) for number, _, read in numbered]),
    ):
        sqlite.insert_rows(connection, table, rows)
    sqlite.add_to_index(connection, first)
    await_check(connection, messages, first)
    state.last_message += len(batch)
    state.messages += len(batch)
    state.updates.append((UpdateKind.MESSAGES_ADDED, [record.id for _, record, _ in numbered]))
    return [number for number, _, _ in numbered]


def _add_sessions(
    connection: Connection, state: State, batch: Sequence[AddSession]
) -> Sequence[int]:
    records = [each.record for each in batch]
    stored = _count_by_session(connection, [record.header.id for record in records])
    rows = [
        session_values(number, record, stored[record.header.id])
        for number, record in enumerate(records, state.last_session + 1)
    ]
    sqlite.insert_rows(connection, sessions, rows)
    await_check(connection, sessions, state.last_session + 1)
    state.last_session += len(rows)
    state.updates.append((UpdateKind.SESSIONS_ADDED, [record.header.id for record in records]))
    return [row["number"] for row in rows]


def _count_by_session(connection: Connection, ids: Sequence[str]) -> Counter[str]:
    """Return how many messages of each session are stored."""
    counted: Counter[str] = Counter()
    for some in _slices(ids):
        statement = (
            select(messages.c.session_id, func.count())
            .where(messages.c.session_id.in_(some))
            .group_by(messages.c.session_id)
        )
        counted.update({row[0]: row[1] for row in connection.execute(statement)})
    return counted


def _remove(
    connection: Connection, state: State, batch: Sequence[RemoveMessages]
) -> list[list[str]]:
    return [_remove_found(connection, state, list(_find(connection, each.ids))) for each in batch]


def _remove_matching(
    connection: Connection, state: State, batch: Sequence[RemoveMatching]
) -> list[list[str]]:
    return [
        _remove_found(connection, state, _find_matching(connection, each.query)) for each in batch
    ]


def _remove_found(connection: Connection, state: State, found: Sequence[_Found]) -> list[str]:
    numbers = [each.number for each in found]
    remove_messages(connection, state, numbers, UpdateKind.MESSAGES_REMOVED)
    return [each.id for each in found]


class _Found(NamedTuple):
    number: int
    id: str


_FOUND = (messages.c.number, messages.c.id)


def _find(connection: Connection, ids: Sequence[str]) -> Iterator[_Found]:
    for some in _slices(ids):
        statement = select(*_FOUND).where(messages.c.id.in_(some)).order_by(messages.c.number)
        yield from (_Found(*row) for row in connection.execute(statement))


def _find_matching(connection: Connection, query: Query) -> list[_Found]:
    where = compile_query(connection, query)
    statement = select(*_FOUND).select_from(where.source).where(where.condition)
    return [_Found(*row) for row in connection.execute(statement)]


def remove_messages(
    connection: Connection, state: State, numbers: Sequence[int], kind: UpdateKind
) -> None:
    """Remove messages, with everything about them but their sessions; `kind` says why."""
    for some in _slices(numbers):
        sqlite.remove_from_index(connection, some)
        gone = connection.execute(
            delete(messages)
            .where(messages.c.number.in_(some))
            .returning(messages.c.id, messages.c.session_id, messages.c.app_key)
        ).all()
        for each in (texts, contents, tags):
            connection.execute(delete(each).where(each.c.number.in_(some)))
        forget_checks(connection, some, of_sessions=False)
        lost = Counter(row.session_id for row in gone)
        connection.execute(_LOSE, [{"session": key, "lost": n} for key, n in lost.items()])
        state.messages -= len(gone)
        state.updates.append((kind, [row.id for row in gone], [row.app_key for row in gone]))


def remove_sessions(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove sessions, with everything about them but their messages."""
    for some in _slices(numbers):
        connection.execute(delete(sessions).where(sessions.c.number.in_(some)))
        forget_checks(connection, some, of_sessions=True)


_LOSE = (
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(stored=sessions.c.stored - bindparam("lost"))
)


def _mark(connection: Connection, state: State, batch: Sequence[MarkMessages]) -> list[int]:
    return [_mark_one(connection, state, change) for change in batch]


def _mark_one(connection: Connection, state: State, change: MarkMessages) -> int:
    found = list(_find(connection, change.ids))
    numbers = [each.number for each in found]
    state.updates.append((UpdateKind.MESSAGES_MARKED, [each.id for each in found]))
    for some in _slices(numbers):
        if change.is_read is not None:
            statement = update(messages).where(messages.c.number.in_(some))
            connection.execute(statement.values(is_read=change.is_read))
        if change.names is not None:
            connection.execute(delete(tags).where(tags.c.number.in_(some)))
            rows = [row for number in some for row in tag_values(number, change.names)]
            if rows:
                connection.execute(insert(tags), rows)
    return len(numbers)


def _slices(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _prune(connection: Connection, state: State, batch: Sequence[Prune]) -> list[int]:
    return [each.prune(connection, state) for each in batch]


def _compact(connection: Connection, _: State, batch: Sequence[Compact]) -> list[tuple[int, int]]:
    before = sqlite.used_bytes(connection)
    sqlite.compact(connection)
    return [(before, sqlite.used_bytes(connection))] * len(batch)


_APPLY: Mapping[type, Callable[[Connection, State, Any], Iterable[Any]]] = {
    AddMessage: _add_messages,
    AddSession: _add_sessions,
    RemoveMessages: _remove,
    RemoveMatching: _remove_matching,
    MarkMessages: _mark,
    Prune: _prune,
    Compact: _compact,
    UseRules: use_rules,
    KeepFindings: keep_findings,
}


def apply(connection: Connection, state: State, batch: Sequence[Change]) -> Iterable[Any]:
    """Write a batch of changes of one kind; return what came of each."""
    return _APPLY[type(batch[0])](connection, state, batch)
