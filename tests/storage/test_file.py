"""The file of a store: permissions, refused files, one writing process."""

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
from fakesmtp.storage.address import read_address
from fakesmtp.storage.sql import tables
from fakesmtp.storage.sqlite import schema
from fakesmtp.storage.sqlite.file import writer_of
from fakesmtp.storage.sqlite.store import SqliteStore, open_reader

HOLDER = """
import sys
from pathlib import Path
from fakesmtp.storage.sqlite.store import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def mode_of(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_user_can_read(tmp_path: Path) -> None:
    """Only the user can read the folder and the files of a store."""
    path = tmp_path / "data" / "messages.db"
    with closing(SqliteStore(path)) as store:
        store.add(make_record()).result(60)
        assert store.count().number == 1
        assert mode_of(path.parent) == 0o700
        names = {each.name: mode_of(each) for each in path.parent.iterdir()}
    assert names.keys() >= {"messages.db", "messages.db-wal", "messages.db-shm"}
    assert set(names.values()) == {0o600}


def test_an_empty_file_becomes_private_and_a_store_keeps_its_mode(tmp_path: Path) -> None:
    """An empty file gets the permissions of a new store; later changes by its owner stay."""
    path = tmp_path / "messages.db"
    path.touch()
    path.chmod(0o644)
    with closing(SqliteStore(path)):
        assert {mode_of(each) for each in tmp_path.iterdir()} == {0o600}
    path.chmod(0o640)
    SqliteStore(path).close()
    assert mode_of(path) == 0o640


@pytest.mark.parametrize(
    "url",
    [
        "messages.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql://x/y",
        "sqlite:///a?b",
        "",
    ],
)
def test_wrong_address(url: str) -> None:
    """A text that is not the address of a file is an error with a correct example."""
    with pytest.raises(ConfigurationError, match=re.escape("examples: sqlite:///")):
        read_address(url)


def test_addresses() -> None:
    """Three slashes mean a relative path, four slashes an absolute path."""
    assert read_address("sqlite:///a/b.db").path == Path.cwd() / "a" / "b.db"
    assert read_address("sqlite:////a/b.db").path == Path("/a/b.db")


def make_foreign(path: Path) -> None:
    """Create a file of another program."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE messages (number)")


def make_newer(path: Path) -> None:
    """Create a file of a later version."""
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
    """A file of another program or a later version is refused in one sentence, and not changed."""
    path = tmp_path / "messages.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    names = {each.name for each in tmp_path.iterdir()}
    for open_it in (SqliteStore, open_reader):
        with pytest.raises(StoreError, match=re.escape(reason)) as caught:
            open_it(path)
        assert "\n" not in str(caught.value)
        assert "--store FILE" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert "messages.db-lock" not in {each.name for each in tmp_path.iterdir()} - names
    assert writer_of(path) is None


def test_reading_creates_no_file(tmp_path: Path) -> None:
    """Reading a missing file is an error and does not create it."""
    with pytest.raises(StoreError, match="there is no store"):
        open_reader(tmp_path / "messages.db")
    assert list(tmp_path.iterdir()) == []


def test_one_process_writes(tmp_path: Path) -> None:
    """A second writer is refused and names the first; readers work and see new messages."""
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


def test_one_writer_in_a_process(tmp_path: Path) -> None:
    """A second writer of the same process is refused until the first store is closed."""
    path = tmp_path / "messages.db"
    with closing(SqliteStore(path)), pytest.raises(StoreError, match=r"writes .* already"):
        SqliteStore(path)
    SqliteStore(path).close()


def test_steps_create_the_schema(tmp_path: Path) -> None:
    """The numbered steps create the tables, columns and indexes that the statements use."""
    path = tmp_path / "messages.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        for table in tables.metadata.sorted_tables:
            rows = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
            assert [row[1] for row in rows] == [column.name for column in table.c]
            assert [bool(row[3] or row[5]) for row in rows] == [
                not column.nullable for column in table.c
            ]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """The schema of a file does not change when the file is opened again."""
    path = tmp_path / "messages.db"
    record = make_record()
    with closing(SqliteStore(path)) as store:
        store.add(record).result(60)
    with closing(SqliteStore(path)) as store:
        assert store.get(record.id) == record
        assert store.add(make_record()).result(60) == 2
