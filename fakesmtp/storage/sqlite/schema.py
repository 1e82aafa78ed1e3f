"""The tables of a SQLite file, made by numbered steps. A step that was released never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError
from fakesmtp.storage.sql.versions import refuse_newer
from fakesmtp.storage.sqlite import engine

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

_STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE messages (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            session_id TEXT NOT NULL,
            scope TEXT NOT NULL,
            received REAL NOT NULL,
            size INTEGER NOT NULL,
            envelope TEXT NOT NULL,
            app_key TEXT,
            mail_type TEXT,
            port INTEGER NOT NULL,
            tls TEXT,
            tls_facts TEXT,
            dropped_lines INTEGER NOT NULL,
            subject TEXT NOT NULL,
            from_ TEXT NOT NULL,
            "to" TEXT NOT NULL,
            cc TEXT NOT NULL,
            bcc TEXT NOT NULL,
            reply_to TEXT NOT NULL,
            message_id TEXT NOT NULL,
            folded_message_id TEXT NOT NULL,
            snippet TEXT NOT NULL,
            attachments INTEGER NOT NULL,
            inlines INTEGER NOT NULL,
            is_read INTEGER NOT NULL DEFAULT 0
        )""",
        "CREATE INDEX messages_by_session ON messages (session_id)",
        "CREATE INDEX messages_by_time ON messages (received)",
        "CREATE INDEX messages_by_message_id ON messages (folded_message_id)",
        """CREATE TABLE contents (
            number INTEGER PRIMARY KEY,
            is_compressed INTEGER NOT NULL,
            raw BLOB NOT NULL
        )""",
        """CREATE TABLE texts (
            number INTEGER PRIMARY KEY,
            subject TEXT NOT NULL,
            from_ TEXT NOT NULL,
            "to" TEXT NOT NULL,
            cc TEXT NOT NULL,
            bcc TEXT NOT NULL,
            reply_to TEXT NOT NULL,
            mail_from TEXT NOT NULL,
            rcpt TEXT NOT NULL,
            body TEXT NOT NULL,
            files TEXT NOT NULL,
            headers TEXT NOT NULL
        )""",
        """CREATE VIRTUAL TABLE texts_index USING fts5 (
            subject, from_, "to", cc, bcc, reply_to, mail_from, rcpt, body, files,
            content=texts, content_rowid=number, tokenize='trigram case_sensitive 1'
        )""",
        "CREATE VIRTUAL TABLE texts_vocabulary USING fts5vocab (texts_index, row)",
        """CREATE TABLE tags (
            number INTEGER NOT NULL,
            folded TEXT NOT NULL,
            name TEXT NOT NULL,
            PRIMARY KEY (number, folded)
        ) WITHOUT ROWID""",
        "CREATE INDEX tags_by_name ON tags (folded, number)",
        """CREATE TABLE findings (
            number INTEGER NOT NULL,
            folded_rule TEXT NOT NULL,
            rule TEXT NOT NULL,
            severity TEXT NOT NULL,
            text TEXT NOT NULL,
            source TEXT NOT NULL
        )""",
        "CREATE INDEX findings_by_message ON findings (number)",
        """CREATE TABLE sessions (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            scope TEXT NOT NULL,
            started REAL NOT NULL,
            peer TEXT NOT NULL,
            port INTEGER NOT NULL,
            local_port INTEGER NOT NULL,
            summary TEXT NOT NULL,
            ended TEXT NOT NULL,
            faults TEXT NOT NULL,
            folded_faults TEXT NOT NULL,
            stored INTEGER NOT NULL,
            size INTEGER NOT NULL,
            is_compressed INTEGER NOT NULL,
            lines BLOB NOT NULL
        )""",
        "CREATE INDEX sessions_without_message ON sessions (number) WHERE stored = 0",
        """CREATE TABLE removed (
            messages INTEGER NOT NULL,
            sessions INTEGER NOT NULL
        )""",
        "INSERT INTO removed (messages, sessions) VALUES (0, 0)",
    ),
    (
        "DROP TABLE findings",
        """CREATE TABLE findings (
            of_sessions INTEGER NOT NULL,
            number INTEGER NOT NULL,
            folded_rule TEXT NOT NULL,
            severity TEXT NOT NULL,
            PRIMARY KEY (of_sessions, number, folded_rule, severity)
        ) WITHOUT ROWID""",
        """CREATE TABLE checks (
            of_sessions INTEGER NOT NULL,
            number INTEGER NOT NULL,
            size INTEGER NOT NULL,
            is_compressed INTEGER NOT NULL,
            findings BLOB NOT NULL,
            PRIMARY KEY (of_sessions, number)
        ) WITHOUT ROWID""",
        """CREATE TABLE unchecked (
            of_sessions INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (of_sessions, number)
        ) WITHOUT ROWID""",
        "INSERT INTO unchecked (of_sessions, number) SELECT 0, number FROM messages",
        "INSERT INTO unchecked (of_sessions, number) SELECT 1, number FROM sessions",
        "CREATE TABLE rules (version TEXT NOT NULL, texts BLOB NOT NULL)",
        "INSERT INTO rules (version, texts) VALUES ('', x'')",
        # Fewer merges while messages arrive; the writer merges when it is idle.
        "INSERT INTO texts_index (texts_index, rank) VALUES ('automerge', 16)",
    ),
    (
        # Counts of unread messages read this index alone.
        "CREATE INDEX messages_unread ON messages (number) WHERE is_read = 0",
    ),
    ("ALTER TABLE sessions ADD COLUMN replica TEXT NOT NULL DEFAULT ''",),
)
VERSION = len(_STEPS)


def check(connection: Connection, path: Path) -> int:
    """Return the schema version of a file, 0 for an empty one.

    Raises `StoreError` for a file of another program, and for one of a newer version.
    """
    if engine.is_empty(connection):
        return 0
    if engine.read_application_id(connection) != engine.APPLICATION_ID:
        raise StoreError(
            f"{path} is not a store of fakesmtp: name another file, --store sqlite:///FILE"
        )
    version = engine.read_version(connection)
    refuse_newer(path, version, VERSION, other="file, --store sqlite:///FILE")
    return version


def migrate(connection: Connection, path: Path) -> None:
    """Bring a file to the newest version, each step in a transaction of its own."""
    if not path.stat().st_size:
        engine.give_back_free_pages(connection)
    version = check(connection, path)
    connection.rollback()
    engine.use_write_ahead_log(connection)
    for number, statements in enumerate(_STEPS[version:], version + 1):
        with connection.begin():
            for statement in statements:
                connection.exec_driver_sql(statement)
            engine.write_version(connection, number)
