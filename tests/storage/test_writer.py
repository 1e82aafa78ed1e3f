"""The writer of a file: failures of file and disk, the end of the process."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from made_records import make_record, make_session

from fakesmtp.errors import StoreError
from fakesmtp.storage.base import Count, all_messages
from fakesmtp.storage.sqlite.store import SqliteStore, open_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.storage.records import SessionRecord

WRITER = Path(__file__).with_name("endless_writer.py")
#: Seconds after which a test that hangs fails, and in which what must wait would be done.
LONG = 60.0
SHORT = 0.2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a mounted disk of 4 MB, or skip the test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """On a full disk a message is refused and logged; with free space the store works again."""
    with closing(SqliteStore(small_disk / "messages.db")) as store:
        kept = make_record()
        store.add(kept).result(60)
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        lost = make_record(os.urandom(300_000))
        with pytest.raises(StoreError, match="full"):
            store.add(lost).result(60)
        assert store.count() == Count(1)
        assert "clients get 451" in caplog.text
        filler.unlink()
        after = make_record(os.urandom(300_000))
        store.add(after).result(60)
        assert "is written again; refused: 1 change" in caplog.text
        assert [row.record.id for row in all_messages(store)] == [kept.id, after.id]
    assert_sound(small_disk / "messages.db")


def test_messages_that_come_together_are_written_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer waits for as many messages as the last transaction had."""
    monkeypatch.setattr("fakesmtp.storage.sql.queue._GATHERING", LONG)
    monkeypatch.setattr("fakesmtp.storage.sql.queue._HANDING", LONG)
    with closing(SqliteStore(tmp_path / "messages.db")) as store:
        start, has_begun, may_go_on = store.updates.cursor, Event(), Event()

        def make_slowly() -> SessionRecord:
            has_begun.set()
            assert may_go_on.wait(LONG)
            return make_session("slow")

        store.add_session(make_slowly)
        assert has_begun.wait(LONG)
        tickets = [store.add(make_record()) for _ in range(10)]
        may_go_on.set()
        for each in tickets:
            each.result(LONG)
        first = store.add(make_record())
        with pytest.raises(TimeoutError):
            first.result(SHORT)
        for _ in range(8):
            store.add(make_record())
        assert store.add(make_record()).result(LONG) == 20
        groups = [len(update.ids) for update in store.updates.since(start).updates]
    assert groups == [1, 10, 10]


def test_deleted_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A message for a deleted file is refused; the next message is written to a new file."""
    path = tmp_path / "messages.db"
    with closing(SqliteStore(path)) as store:
        store.add(make_record()).result(60)
        for name in ("messages.db", "messages.db-wal", "messages.db-shm"):
            (tmp_path / name).unlink()
        with pytest.raises(StoreError, match="deleted or replaced"):
            store.add(make_record()).result(60)
        assert "deleted or replaced" in caplog.text
        record = make_record()
        assert store.add(record).result(60) == 1
        assert store.get(record.id) == record
    assert_sound(path)


def test_failing_change_does_not_affect_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When one of several waiting changes fails, the others are written."""
    caplog.set_level(logging.CRITICAL)
    record, other = make_record(), make_record()
    with closing(SqliteStore(tmp_path / "messages.db")) as store:
        hold, is_held = Event(), Event()

        def wait() -> None:
            is_held.set()
            hold.wait(60)

        store.add_session(lambda: (wait(), make_session())[1])
        is_held.wait(60)
        tickets = [store.add(each) for each in (record, record, other)]
        hold.set()
        assert [ticket.exception(60) is None for ticket in tickets] == [True, False, True]
        assert [row.record.id for row in all_messages(store)] == [record.id, other.id]


def test_close_writes_waiting_changes(tmp_path: Path) -> None:
    """`close` waits for all accepted changes; afterwards no change is accepted."""
    path = tmp_path / "messages.db"
    store = SqliteStore(path)
    tickets = [store.add(make_record()) for _ in range(1200)]
    store.close()
    store.close()
    assert [ticket.result(0) for ticket in tickets] == list(range(1, 1201))
    assert not list(tmp_path.glob("messages.db-wal"))
    with pytest.raises(StoreError, match="closed"):
        store.add(make_record()).result(60)
    with closing(open_reader(path)) as reader:
        assert reader.count() == Count(1200)


def test_queue_is_limited(tmp_path: Path) -> None:
    """A store with a full queue has no room until it has written some of its changes."""
    with closing(SqliteStore(tmp_path / "messages.db")) as store:
        hold = Event()
        store.add_session(lambda: (hold.wait(60), make_session())[1])
        large = [make_record(b"x" * 8 * 1024 * 1024) for _ in range(8)]
        tickets = [store.add(record) for record in large]
        assert not store.accepts_more
        hold.set()
        for ticket in tickets:
            ticket.result(60)
        assert store.accepts_more


def kill_a_writer(path: Path, name: str, lines: int) -> set[str]:
    """Kill a writing process after a number of lines; return the ids that it confirmed."""
    with subprocess.Popen(
        [sys.executable, WRITER, path, name], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        read = list(islice(process.stdout, lines))
        process.kill()
        read += process.stdout.read().splitlines(keepends=True)
    # The last line may be incomplete.
    return {line.strip() for line in read if line.endswith("\n")}


def test_kill(tmp_path: Path) -> None:
    """After twenty kills under full load each confirmed message is in the file exactly once."""
    path = tmp_path / "messages.db"
    acknowledged: set[str] = set()
    for run in range(20):
        acknowledged |= kill_a_writer(path, str(run), 20 + 17 * run)
    with closing(open_reader(path)) as reader:
        stored = [row.record.id for row in all_messages(reader, limit=1000)]
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored)
    assert len(acknowledged) > 3_000
    assert_sound(path)


def assert_sound(path: Path) -> None:
    """Check the file and its search index with SQLite."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute(
            "INSERT INTO texts_index (texts_index, rank) VALUES ('integrity-check', 1)"
        )
