"""Findings in a database: what is still to be checked, and what was found.

Each new message and session is in `unchecked` until its findings are stored, in one transaction
with its removal from there. So the end of the process loses no finding.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, literal, select, update

from fakesmtp.findings.finding import Certainty, Finding, Severity, Where
from fakesmtp.storage.checking import searched
from fakesmtp.storage.sql.compression import pack, unpack
from fakesmtp.storage.sql.tables import checks, findings, messages, rules, sessions, unchecked
from fakesmtp.storage.updates import Happened, UpdateKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Select, Table

    from fakesmtp.storage.sql.changes import Checked, KeepFindings, UseRules, Work

_KINDS = {False: UpdateKind.MESSAGES_CHECKED, True: UpdateKind.SESSIONS_CHECKED}


# -- writing ---------------------------------------------------------------------------------------


# Made once: SQLAlchemy takes longer to make such a statement than a database to execute it.
_AWAIT = {
    table: insert(unchecked).from_select(
        ["of_sessions", "number"],
        select(literal(table is sessions), table.c.number).where(
            table.c.number >= bindparam("first")
        ),
    )
    for table in (messages, sessions)
}


def await_check(connection: Connection, table: Table, first: int = 0) -> None:
    """Note that messages or sessions from a number on are to be checked."""
    connection.execute(_AWAIT[table], {"first": first})


def forget_checks(connection: Connection, numbers: Sequence[int], *, of_sessions: bool) -> None:
    """Remove the findings of messages or sessions that are removed."""
    for each in (findings, checks, unchecked):
        _delete(connection, each, numbers, of_sessions=of_sessions)


def _delete(
    connection: Connection, table: Table, numbers: Sequence[int], *, of_sessions: bool
) -> None:
    mine = table.c.of_sessions == of_sessions
    connection.execute(delete(table).where(mine, table.c.number.in_(numbers)))


def use_rules(work: Work, batch: Sequence[UseRules]) -> list[bool]:
    """Have everything checked again where the rules have changed; return whether they have."""
    return [_use_rules(work.connection, change) for change in batch]


def _use_rules(connection: Connection, change: UseRules) -> bool:
    if connection.execute(select(rules.c.version)).scalar_one() == change.version:
        return False
    connection.execute(update(rules).values(version=change.version, texts=change.texts))
    for each in (findings, checks, unchecked):
        connection.execute(delete(each))
    await_check(connection, messages)
    await_check(connection, sessions)
    return True


def keep_findings(work: Work, batch: Sequence[KeepFindings]) -> list[int]:
    """Store the findings of what still waits for its check; return how many that are."""
    return [_keep(work, change.checked, of_sessions=change.of_sessions) for change in batch]


def _keep(work: Work, checked: Sequence[Checked], *, of_sessions: bool) -> int:
    connection = work.connection
    numbers = [each.number for each in checked]
    mine = unchecked.c.of_sessions == of_sessions
    waiting = select(unchecked.c.number).where(mine, unchecked.c.number.in_(numbers))
    still_here = set(connection.execute(waiting).scalars())
    kept = [each for each in checked if each.number in still_here]
    forget_checks(connection, numbers, of_sessions=of_sessions)
    found = [each for each in kept if each.findings]
    if found:
        words = [row for each in found for row in _word_rows(each, of_sessions=of_sessions)]
        connection.execute(insert(findings), words)
        known = _read_texts(connection)
        rows = [_check_row(each, known, of_sessions=of_sessions) for each in found]
        connection.execute(insert(checks), rows)
    work.state.updates.append(Happened(_KINDS[of_sessions], [each.id for each in kept]))
    return len(kept)


def _word_rows(checked: Checked, *, of_sessions: bool) -> Iterator[dict[str, Any]]:
    for rule, severity in searched(checked.findings):
        yield {
            "of_sessions": of_sessions,
            "number": checked.number,
            "folded_rule": rule,
            "severity": severity,
        }


def dump_findings(found: Iterable[Finding]) -> bytes:
    """Return findings as JSON."""
    text = json.dumps([each.as_json() for each in found], ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _read_texts(connection: Connection) -> bytes:
    return bytes(connection.execute(select(rules.c.texts)).scalar_one())


def _check_row(checked: Checked, known: bytes, *, of_sessions: bool) -> dict[str, Any]:
    data = dump_findings(checked.findings)
    packed = pack(data, known)
    return {
        "of_sessions": of_sessions,
        "number": checked.number,
        "size": len(data),
        "is_compressed": packed is not None,
        "findings": packed or data,
    }


# -- reading ---------------------------------------------------------------------------------------


def read_findings(connection: Connection, table: Table, name: str) -> tuple[Finding, ...] | None:
    """Return the findings of an id of a table; None when it is not here, or not checked yet."""
    of_sessions = table is sessions
    number = connection.execute(select(table.c.number).where(table.c.id == name)).scalar()
    if number is None or connection.execute(_find(unchecked, number, of_sessions)).first():
        return None
    row = connection.execute(_find(checks, number, of_sessions)).one_or_none()
    if row is None:
        return ()
    data = bytes(row.findings)
    text = unpack(data, row.size, _read_texts(connection)) if row.is_compressed else data
    return tuple(map(_read_finding, json.loads(text.decode("utf-8", "surrogatepass"))))


def _find(table: Table, number: int, of_sessions: bool) -> Select[Any]:  # noqa: FBT001 - a key
    mine = table.c.of_sessions == of_sessions
    return select(table).where(mine, table.c.number == number)


def _read_finding(fields: dict[str, Any]) -> Finding:
    severity, certainty = Severity(fields["severity"]), Certainty(fields["certainty"])
    where = Where(**fields["where"])
    return Finding(**{**fields, "severity": severity, "certainty": certainty, "where": where})


def find_unchecked(connection: Connection, table: Table, most: int) -> list[tuple[int, str]]:
    """Return number and id of messages or sessions that are to be checked, the newest first."""
    joined = table.join(unchecked, unchecked.c.number == table.c.number)
    statement = (
        select(table.c.number, table.c.id)
        .select_from(joined)
        .where(unchecked.c.of_sessions == (table is sessions))
        .order_by(unchecked.c.number.desc())
        .limit(most)
    )
    return [(row.number, row.id) for row in connection.execute(statement)]
