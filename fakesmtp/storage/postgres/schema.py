"""The tables of a PostgreSQL database, made by numbered steps. A released step never changes.

`texts.grams` is the index of texts: see `grams.py`. Bytes are compressed before they come here, so
PostgreSQL does not try it again (EXTERNAL). `state` has one row, which each transaction that writes
locks until its commit; so numbers grow in the order of commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from fakesmtp.errors import StoreError
from fakesmtp.storage.sql.versions import refuse_newer

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: The advisory lock of a step: "fake" and "step".
_LOCK = 0x66616B65_73746570
_STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE state (
            fakesmtp boolean PRIMARY KEY DEFAULT true CHECK (fakesmtp),
            last_message bigint NOT NULL,
            last_session bigint NOT NULL,
            last_update bigint NOT NULL,
            messages bigint NOT NULL,
            bytes bigint NOT NULL
        )""",
        # Microseconds of the epoch: see `updates.py`.
        """INSERT INTO state VALUES (
            true, 0, 0, floor(extract(epoch FROM clock_timestamp()) * 1000) * 1000, 0, 0
        )""",
        """CREATE TABLE messages (
            number bigint PRIMARY KEY,
            id text COLLATE "C" NOT NULL UNIQUE,
            session_id text COLLATE "C" NOT NULL,
            scope text NOT NULL,
            received double precision NOT NULL,
            size bigint NOT NULL,
            envelope text NOT NULL,
            app_key text COLLATE "C",
            mail_type text,
            port integer NOT NULL,
            tls text,
            tls_facts text,
            dropped_lines integer NOT NULL,
            subject text NOT NULL,
            from_ text NOT NULL,
            "to" text NOT NULL,
            cc text NOT NULL,
            bcc text NOT NULL,
            reply_to text NOT NULL,
            message_id text NOT NULL,
            folded_message_id text COLLATE "C" NOT NULL,
            snippet text NOT NULL,
            attachments integer NOT NULL,
            inlines integer NOT NULL,
            is_read boolean NOT NULL DEFAULT false
        )""",
        "CREATE INDEX messages_by_session ON messages (session_id)",
        "CREATE INDEX messages_by_time ON messages (received)",
        "CREATE INDEX messages_by_app_key ON messages (app_key, number)",
        "CREATE INDEX messages_unread ON messages (number) WHERE NOT is_read",
        """CREATE TABLE contents (
            number bigint PRIMARY KEY,
            is_compressed boolean NOT NULL,
            raw bytea NOT NULL
        )""",
        "ALTER TABLE contents ALTER COLUMN raw SET STORAGE EXTERNAL",
        """CREATE TABLE texts (
            number bigint PRIMARY KEY,
            subject text NOT NULL,
            from_ text NOT NULL,
            "to" text NOT NULL,
            cc text NOT NULL,
            bcc text NOT NULL,
            reply_to text NOT NULL,
            mail_from text NOT NULL,
            rcpt text NOT NULL,
            body text NOT NULL,
            files text NOT NULL,
            headers text NOT NULL,
            grams bigint[] NOT NULL
        )""",
        # Each search reads what waits to be put into the index (KB). With 4 MB, the default, that
        # takes up to 60 ms; a message would take half the time.
        """CREATE INDEX texts_by_grams ON texts USING gin (grams)
            WITH (gin_pending_list_limit = 1024)""",
        """CREATE TABLE tags (
            number bigint NOT NULL,
            folded text COLLATE "C" NOT NULL,
            name text NOT NULL,
            PRIMARY KEY (number, folded)
        )""",
        "CREATE INDEX tags_by_name ON tags (folded, number)",
        """CREATE TABLE sessions (
            number bigint PRIMARY KEY,
            id text COLLATE "C" NOT NULL UNIQUE,
            scope text NOT NULL,
            started double precision NOT NULL,
            peer text NOT NULL,
            port integer NOT NULL,
            local_port integer NOT NULL,
            summary text NOT NULL,
            ended text NOT NULL,
            faults text NOT NULL,
            folded_faults text NOT NULL,
            stored integer NOT NULL,
            size bigint NOT NULL,
            is_compressed boolean NOT NULL,
            lines bytea NOT NULL,
            replica text NOT NULL
        )""",
        "ALTER TABLE sessions ALTER COLUMN lines SET STORAGE EXTERNAL",
        "CREATE INDEX sessions_without_message ON sessions (number) WHERE stored = 0",
        """CREATE TABLE findings (
            of_sessions boolean NOT NULL,
            number bigint NOT NULL,
            folded_rule text COLLATE "C" NOT NULL,
            severity text COLLATE "C" NOT NULL,
            PRIMARY KEY (of_sessions, number, folded_rule, severity)
        )""",
        """CREATE TABLE checks (
            of_sessions boolean NOT NULL,
            number bigint NOT NULL,
            size bigint NOT NULL,
            is_compressed boolean NOT NULL,
            findings bytea NOT NULL,
            PRIMARY KEY (of_sessions, number)
        )""",
        "ALTER TABLE checks ALTER COLUMN findings SET STORAGE EXTERNAL",
        """CREATE TABLE unchecked (
            of_sessions boolean NOT NULL,
            number bigint NOT NULL,
            claimed timestamptz,
            PRIMARY KEY (of_sessions, number)
        )""",
        "CREATE TABLE rules (version text NOT NULL, texts bytea NOT NULL)",
        "INSERT INTO rules VALUES ('', '')",
        "CREATE TABLE removed (messages bigint NOT NULL, sessions bigint NOT NULL)",
        "INSERT INTO removed VALUES (0, 0)",
        """CREATE TABLE updates (
            number bigint PRIMARY KEY,
            kind text NOT NULL,
            ids text NOT NULL,
            count integer NOT NULL
        )""",
        "CREATE TABLE fakesmtp (version integer NOT NULL)",
        "INSERT INTO fakesmtp VALUES (0)",
    ),
    (
        """CREATE TABLE accounts (
            app_key text COLLATE "C" PRIMARY KEY,
            key_hash text NOT NULL,
            ttl double precision NOT NULL,
            issued double precision NOT NULL,
            expires double precision NOT NULL
        )""",
        "CREATE TABLE page (token text NOT NULL)",
        "INSERT INTO page VALUES (gen_random_uuid())",
        # The ids of the rules of a server's own file are smaller.
        "CREATE SEQUENCE fault_numbers START WITH 1000001",
        """CREATE TABLE fault_rules (
            number bigint PRIMARY KEY DEFAULT nextval('fault_numbers'),
            place bigint NOT NULL,
            app_key text COLLATE "C",
            rule text NOT NULL,
            is_on boolean NOT NULL DEFAULT true,
            began double precision NOT NULL,
            applied bigint NOT NULL DEFAULT 0
        )""",
        """CREATE TABLE fault_counts (
            rule bigint NOT NULL,
            key text COLLATE "C" NOT NULL,
            number bigint NOT NULL,
            applied bigint NOT NULL,
            passed double precision[] NOT NULL,
            PRIMARY KEY (rule, key)
        )""",
    ),
    ("ALTER TABLE updates ADD COLUMN app_keys text NOT NULL DEFAULT '[]'",),
)
VERSION = len(_STEPS)
_PLACE = text("SELECT current_setting('server_encoding') AS encoding, current_schema() AS schema")
_READ_ONLY = text("SHOW transaction_read_only")
_FOUND = text(
    "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema() "
    "ORDER BY tablename"
)


def check(connection: Connection, location: str) -> int:
    """Return the version of the schema, 0 for an empty database.

    Raises `StoreError` for a database of another program, one of a newer version, one with an
    encoding that does not take every text, and one without a place for tables.
    """
    place = connection.execute(_PLACE).one()
    if place.encoding != "UTF8":
        raise StoreError(
            f"{location} has the encoding {place.encoding}: create a database with "
            "ENCODING 'UTF8' TEMPLATE template0"
        )
    if place.schema is None:
        raise StoreError(
            f"{location} has no schema that its search_path names and this role may use: "
            "CREATE SCHEMA makes one"
        )
    tables = connection.execute(_FOUND).scalars().all()
    if tables and "fakesmtp" not in tables:
        raise StoreError(
            f"{location} has tables of another program ({tables[0]}): name an empty database"
        )
    if not tables:
        return 0
    version = connection.execute(text("SELECT version FROM fakesmtp")).scalar()
    if version is None:
        raise describe_emptied(location)
    refuse_newer(location, version, VERSION, other="database")
    return int(version)


def describe_emptied(location: str) -> StoreError:
    """Return the error of tables that someone has emptied: the rows of their step are missing."""
    return StoreError(
        f"{location} has tables of fakesmtp that were emptied: remove them (DROP TABLE), and a "
        "server makes them again"
    )


def refuse_read_only(connection: Connection, location: str) -> None:
    """Raise `StoreError` for a database that cannot be written, such as a standby."""
    with connection.begin():
        is_read_only = connection.execute(_READ_ONLY).scalar_one() == "on"
    if is_read_only:
        raise StoreError(
            f"{location} can only be read, as a standby: name the primary, or all hosts with "
            "?host=one,two&target_session_attrs=read-write"
        )


def migrate(connection: Connection, location: str) -> None:
    """Bring a database to the newest version; one process at a time, each step in a transaction."""
    with connection.begin():
        if check(connection, location) == VERSION:
            return
    for number in range(1, VERSION + 1):
        with connection.begin():
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if check(connection, location) < number:
                _make_step(connection, number)


def _make_step(connection: Connection, number: int) -> None:
    for statement in _STEPS[number - 1]:
        connection.exec_driver_sql(statement)
    connection.execute(text("UPDATE fakesmtp SET version = :version"), {"version": number})
