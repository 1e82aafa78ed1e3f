"""The file of a store: who may read it, which files are refused, which process writes it."""

from __future__ import annotations

import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from made_records import make_record

from fakesmtp.errors import ConfigurationError, StoreError
from fakesmtp.storage import schema, sql
from fakesmtp.storage.database import SqliteStore, open_reader
from fakesmtp.storage.file import read_url, writer_of

HOLDER = """
import sys
from pathlib import Path
from fakesmtp.storage.database import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def mode_of(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_user_may_read(tmp_path: Path) -> None:
    """The folder and all files of a store are the user's alone."""
    path = tmp_path / "data" / "messages.db"
    with closing(SqliteStore(path)) as store:
        store.add(make_record()).result(60)
        assert store.count().number == 1
        assert mode_of(path.parent) == 0o700
        names = {each.name: mode_of(each) for each in path.parent.iterdir()}
    assert names.keys() >= {"messages.db", "messages.db-wal", "messages.db-shm"}
    assert set(names.values()) == {0o600}


@pytest.mark.parametrize(
    "url",
    [
        "messages.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://x/y",
        "sqlite:///a?b",
        "",
    ],
)
def test_a_wrong_address(url: str) -> None:
    """What is not the address of a file is an error that shows a right one."""
    with pytest.raises(ConfigurationError, match=re.escape("example: sqlite:///")):
        read_url(url)


def test_addresses() -> None:
    """Three slashes are a path from this folder, four one from the root."""
    assert read_url("sqlite:///a/b.db") == Path.cwd() / "a" / "b.db"
    assert read_url("sqlite:////a/b.db") == Path("/a/b.db")


def make_foreign(path: Path) -> None:
    """A file of another program."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE messages (number)")


def make_newer(path: Path) -> None:
    """A file of a later version."""
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_foreign, "is not a store of fakesmtp"),
        (lambda path: path.write_bytes(b"a letter\n" * 100), "is not a store of fakesmtp"),
        (lambda path: path.mkdir(), "is not a file"),
        (make_newer, f"written by a newer fakesmtp (schema {schema.VERSION + 1}"),
    ],
)
def test_refused_files(tmp_path: Path, make: object, reason: str) -> None:
    """A file that is not ours, or newer, is refused in one sentence, and stays as it is."""
    path = tmp_path / "messages.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    for open_it in (SqliteStore, open_reader):
        with pytest.raises(StoreError, match=re.escape(reason)) as caught:
            open_it(path)
        assert "\n" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert writer_of(path) is None


def test_nothing_to_read(tmp_path: Path) -> None:
    """Reading makes no file."""
    with pytest.raises(StoreError, match="there is no store"):
        open_reader(tmp_path / "messages.db")
    assert list(tmp_path.iterdir()) == []


def test_one_process_writes(tmp_path: Path) -> None:
    """A second writer is refused and names the first; readers work beside it, and see new mail."""
    path = tmp_path / "messages.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StoreError, match=rf"process {other.pid} .*--store"):
            SqliteStore(path)
        assert writer_of(path) == other.pid
        with closing(open_reader(path)) as reader:
            assert reader.count().number == 0
        other.stdin.close()
    assert writer_of(path) is None
    with closing(SqliteStore(path)) as store, closing(open_reader(path)) as reader:
        record = make_record()
        store.add(record).result(60)
        assert reader.get(record.id) == record


def test_a_process_has_one_writer(tmp_path: Path) -> None:
    """The same process is refused too, and may write again when the first store is closed."""
    path = tmp_path / "messages.db"
    with closing(SqliteStore(path)), pytest.raises(StoreError, match=r"writes .* already"):
        SqliteStore(path)
    SqliteStore(path).close()


def test_the_schema_is_the_tables(tmp_path: Path) -> None:
    """The numbered steps make the tables, columns and indexes that the statements use."""
    path = tmp_path / "messages.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        for table in sql.metadata.sorted_tables:
            rows = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
            assert [row[1] for row in rows] == [column.name for column in table.c]
            assert [bool(row[3] or row[5]) for row in rows] == [
                not column.nullable for column in table.c
            ]


def test_steps_are_forward(tmp_path: Path) -> None:
    """A file stays as it is when it is opened again."""
    path = tmp_path / "messages.db"
    record = make_record()
    with closing(SqliteStore(path)) as store:
        store.add(record).result(60)
    with closing(SqliteStore(path)) as store:
        assert store.get(record.id) == record
        assert store.add(make_record()).result(60) == 2
