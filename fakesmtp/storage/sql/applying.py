"""How changes are written to the tables: a batch of one kind at a time, in a transaction."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from fakesmtp.storage.sql.changes import (
    AddMessage,
    AddSession,
    KeepFindings,
    MarkMessages,
    RemoveMatching,
    RemoveMessages,
    Run,
    UseRules,
)
from fakesmtp.storage.sql.checks import await_check, forget_checks, keep_findings, use_rules
from fakesmtp.storage.sql.tables import (
    content_values,
    contents,
    message_values,
    messages,
    session_values,
    sessions,
    tag_values,
    tags,
    texts,
)
from fakesmtp.storage.sql.where import compile_query
from fakesmtp.storage.updates import Happened, UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table

    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.sql.changes import Change, Work

#: Values that one statement names: SQLite before 3.32 takes 999.
_AT_ONCE = 500


def _add_messages(work: Work, batch: Sequence[AddMessage]) -> Sequence[int]:
    there = _numbers_of(work, messages, [each.record.id for each in batch])
    new = [each for each in batch if each.record.id not in there]
    numbers = range(work.state.last_message + 1, work.state.last_message + 1 + len(new))
    if new:
        _insert_messages(work, numbers, new)
    there.update(zip((each.record.id for each in new), numbers, strict=True))
    return [there[each.record.id] for each in batch]


def _insert_messages(work: Work, numbers: Sequence[int], new: Sequence[AddMessage]) -> None:
    connection, dialect = work.connection, work.dialect
    records = [each.record for each in new]
    reads = [each.read(dialect) for each in new]
    rows = [
        message_values(number, record, read)
        for number, record, (read, _) in zip(numbers, records, reads, strict=True)
    ]
    raws = [content_values(*each) for each in zip(numbers, (r.raw for r in records), strict=True)]
    of_texts = [
        {"number": number, **values} for number, (_, values) in zip(numbers, reads, strict=True)
    ]
    with dialect.together(connection):
        dialect.insert_rows(connection, messages, rows)
        dialect.insert_rows(connection, contents, raws)
        dialect.insert_texts(connection, of_texts)
        await_check(connection, messages, numbers[0])
    _count_messages(work, records)


def _count_messages(work: Work, new: Sequence[MessageRecord]) -> None:
    state = work.state
    state.last_message += len(new)
    state.messages += len(new)
    state.bytes += sum(len(record.raw) for record in new)
    state.updates.append(Happened(UpdateKind.MESSAGES_ADDED, [record.id for record in new]))


def _add_sessions(work: Work, batch: Sequence[AddSession]) -> Sequence[int]:
    connection, state = work.connection, work.state
    records = {each.record.header.id: each.record for each in batch}
    there = _numbers_of(work, sessions, list(records))
    new = [record for name, record in records.items() if name not in there]
    stored = _count_by_session(connection, [record.header.id for record in new])
    rows = [
        session_values(number, record, stored[record.header.id])
        for number, record in enumerate(new, state.last_session + 1)
    ]
    work.dialect.insert_rows(connection, sessions, rows)
    await_check(connection, sessions, state.last_session + 1)
    state.last_session += len(rows)
    state.updates.append(Happened(UpdateKind.SESSIONS_ADDED, [row["id"] for row in rows]))
    there.update({row["id"]: row["number"] for row in rows})
    return [there[each.record.header.id] for each in batch]


def _numbers_of(work: Work, table: Table, ids: Sequence[str]) -> dict[str, int]:
    """Return the numbers of what an earlier attempt has written; its outcome was not known."""
    if not work.is_retry:
        return {}
    found: dict[str, int] = {}
    for some in slices(ids):
        statement = select(table.c.id, table.c.number).where(table.c.id.in_(some))
        found.update({row.id: row.number for row in work.connection.execute(statement)})
    return found


def _count_by_session(connection: Connection, ids: Sequence[str]) -> Counter[str]:
    """Return how many messages of each session are stored."""
    counted: Counter[str] = Counter()
    for some in slices(ids):
        statement = (
            select(messages.c.session_id, func.count())
            .where(messages.c.session_id.in_(some))
            .group_by(messages.c.session_id)
        )
        counted.update({row[0]: row[1] for row in connection.execute(statement)})
    return counted


def _remove(work: Work, batch: Sequence[RemoveMessages]) -> list[list[str]]:
    return [_remove_found(work, list(_find(work.connection, each.ids))) for each in batch]


def _remove_matching(work: Work, batch: Sequence[RemoveMatching]) -> list[list[str]]:
    return [_remove_found(work, _find_matching(work, each.query)) for each in batch]


def _remove_found(work: Work, found: Sequence[_Found]) -> list[str]:
    remove_messages(work, [each.number for each in found], UpdateKind.MESSAGES_REMOVED)
    return [each.id for each in found]


class _Found(NamedTuple):
    number: int
    id: str


_FOUND = (messages.c.number, messages.c.id)


def _find(connection: Connection, ids: Sequence[str]) -> Iterator[_Found]:
    for some in slices(ids):
        statement = select(*_FOUND).where(messages.c.id.in_(some)).order_by(messages.c.number)
        yield from (_Found(*row) for row in connection.execute(statement))


def _find_matching(work: Work, query: Query) -> list[_Found]:
    where = compile_query(work.dialect, work.connection, query)
    statement = select(*_FOUND).select_from(where.source).where(where.condition)
    return [_Found(*row) for row in work.connection.execute(statement)]


def remove_messages(work: Work, numbers: Sequence[int], kind: UpdateKind) -> None:
    """Remove messages, with everything about them but their sessions; `kind` says why."""
    connection, state = work.connection, work.state
    for some in slices(numbers):
        work.dialect.remove_from_index(connection, some)
        gone = connection.execute(
            delete(messages)
            .where(messages.c.number.in_(some))
            .returning(messages.c.id, messages.c.session_id, messages.c.size, messages.c.app_key)
        ).all()
        for each in (texts, contents, tags):
            connection.execute(delete(each).where(each.c.number.in_(some)))
        forget_checks(connection, some, of_sessions=False)
        lost = Counter(row.session_id for row in gone)
        connection.execute(_LOSE, [{"session": key, "lost": n} for key, n in lost.items()])
        state.messages -= len(gone)
        state.bytes -= sum(row.size for row in gone)
        app_keys = [row.app_key for row in gone]
        state.updates.append(Happened(kind, [row.id for row in gone], app_keys))


def remove_sessions(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove sessions, with everything about them but their messages."""
    for some in slices(numbers):
        connection.execute(delete(sessions).where(sessions.c.number.in_(some)))
        forget_checks(connection, some, of_sessions=True)


_LOSE = (
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(stored=sessions.c.stored - bindparam("lost"))
)


def _mark(work: Work, batch: Sequence[MarkMessages]) -> list[int]:
    return [_mark_one(work, change) for change in batch]


def _mark_one(work: Work, change: MarkMessages) -> int:
    found = list(_find(work.connection, change.ids))
    numbers = [each.number for each in found]
    work.state.updates.append(Happened(UpdateKind.MESSAGES_MARKED, [each.id for each in found]))
    for some in slices(numbers):
        _write_marks(work.connection, change, some)
    return len(numbers)


def _write_marks(connection: Connection, change: MarkMessages, numbers: Sequence[int]) -> None:
    if change.is_read is not None:
        statement = update(messages).where(messages.c.number.in_(numbers))
        connection.execute(statement.values(is_read=change.is_read))
    if change.names is not None:
        connection.execute(delete(tags).where(tags.c.number.in_(numbers)))
        rows = [row for number in numbers for row in tag_values(number, change.names)]
        if rows:
            connection.execute(insert(tags), rows)


def slices(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield the values, as many at a time as one statement takes."""
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _run(work: Work, batch: Sequence[Run]) -> list[Any]:
    return [each.run(work) for each in batch]


_APPLY: Mapping[type, Callable[[Work, Any], Sequence[Any]]] = {
    AddMessage: _add_messages,
    AddSession: _add_sessions,
    RemoveMessages: _remove,
    RemoveMatching: _remove_matching,
    MarkMessages: _mark,
    Run: _run,
    UseRules: use_rules,
    KeepFindings: keep_findings,
}


def apply(work: Work, batch: Sequence[Change]) -> Sequence[Any]:
    """Write a batch of changes of one kind; return what came of each."""
    return _APPLY[type(batch[0])](work, batch)
