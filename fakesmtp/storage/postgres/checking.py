"""Checks: of messages by several servers, and of the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from fakesmtp.storage.sql.tables import messages, sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Seconds after which another server checks what one has claimed and not finished.
CLAIMED = 60
_TABLES = (
    "state", "messages", "contents", "texts", "tags", "sessions", "findings", "checks",
    "unchecked", "rules", "removed", "updates", "accounts",
    "fault_rules", "fault_counts", "page",
)  # fmt: skip


def claim_unchecked(
    connection: Connection, most: int, *, of_sessions: bool
) -> list[tuple[int, str]]:
    """Return number and id of what this server is to check, the newest first, at most so many.

    No other server gets the same within a minute.
    """
    table = sessions.name if of_sessions else messages.name
    values = {"of_sessions": of_sessions, "most": most, "seconds": CLAIMED}
    found = connection.execute(_CLAIM[table], values)
    return [(row.number, row.id) for row in found]


_CLAIM = {
    table: text(
        f"""WITH claimed AS (
            UPDATE unchecked SET claimed = now() WHERE (of_sessions, number) IN (
                SELECT of_sessions, number FROM unchecked
                WHERE of_sessions = :of_sessions
                AND (claimed IS NULL OR claimed < now() - make_interval(secs => :seconds))
                ORDER BY number DESC LIMIT :most FOR UPDATE SKIP LOCKED
            ) RETURNING number
        )
        SELECT number, id FROM claimed JOIN {table} USING (number) ORDER BY number DESC"""  # noqa: S608 - names of tables
    )
    for table in (messages.name, sessions.name)
}

_COUNTED = text(
    """SELECT (SELECT messages FROM state) AS counted,
        (SELECT count(*) FROM messages) AS messages,
        (SELECT count(*) FROM messages JOIN contents USING (number)) AS contents,
        (SELECT count(*) FROM messages JOIN texts USING (number)) AS texts,
        (SELECT coalesce(max(number), 0) <= (SELECT last_message FROM state) FROM messages)
            AS is_numbered"""
)


def find_problems(connection: Connection) -> list[str]:
    """Return what is wrong with the rows of a database; nothing where all is well."""
    found = connection.execute(_COUNTED).one()
    problems = [
        f"{found.messages} messages are listed and {number} {what}"
        for number, what in (
            (found.counted, "counted"),
            (found.contents, "have their bytes"),
            (found.texts, "can be searched"),
        )
        if number != found.messages
    ]
    if not found.is_numbered:
        problems.append("a message has a number above the last one that was given")
    return problems


_FACTS = text(
    """SELECT (SELECT version FROM fakesmtp) AS schema,
        (SELECT bytes FROM state) AS used,
        current_setting('synchronous_commit') AS synchronous_commit,
        current_setting('server_version') AS postgresql"""
)
_SIZE = text(
    """SELECT sum(pg_total_relation_size(to_regclass(name)))
        FROM unnest(cast(:tables AS text[])) AS name"""
)


def read_facts(connection: Connection) -> dict[str, object]:
    """Return facts about a database; sizes in bytes."""
    row = connection.execute(_FACTS).one()
    facts = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return {"size": read_size(connection), **facts}


def read_size(connection: Connection) -> int:
    """Return the bytes of the tables, with their indexes."""
    return int(connection.execute(_SIZE, {"tables": list(_TABLES)}).scalar_one())
