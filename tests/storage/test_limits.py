"""The limits of a store: what they remove, in which order, and how removals are reported."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
from made_records import make_record, make_session
from stores import KINDS, open_store

from fakesmtp.errors import ConfigurationError
from fakesmtp.storage.base import Count, Removed, all_messages, all_sessions
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.sql.pruning import Pruner
from fakesmtp.storage.sqlite.store import SqliteStore, open_reader
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from pathlib import Path

    from fakesmtp.storage.base import Store
    from fakesmtp.storage.updates import Update

DAY = 86_400.0


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def subjects(store: Store) -> list[str]:
    """Return the subjects of the messages, oldest first."""
    return [row.facts.subject for row in all_messages(store)]


def head_of(number: int) -> bytes:
    """Return the header of a message without text."""
    return f"Subject: {number}\r\nContent-Type: application/pdf\r\n\r\n".encode()


@pytest.mark.parametrize("kind", KINDS)
def test_too_many_messages(kind: str, tmp_path: Path) -> None:
    """The oldest messages above the limit are removed, counted and reported as updates."""
    with open_store(kind, tmp_path / "m.db", limits=Limits(max_messages=3)) as store:
        updates: list[Update] = []
        store.updates.listen(updates.append)
        records = [make_record(app_key="mine") for _ in range(1000)]
        for ticket in [store.add(record) for record in records]:
            ticket.result(60)
        store.prune().result(60)
        assert [row.record.id for row in all_messages(store)] == [each.id for each in records[-3:]]
        assert store.removed.messages == 997
        expired = [each for each in updates if each.kind is UpdateKind.MESSAGES_EXPIRED]
        gone = [gone for update in expired for gone in update.gone_from("mine")]
        assert gone == [each.id for each in records[:-3]]


def test_one_month(tmp_path: Path) -> None:
    """With a month of messages and refusals, each limit removes only the oldest of its kind."""
    clock = Clock()
    limits = Limits(max_age=10 * DAY, max_sessions=5, max_session_age=3 * DAY)
    with closing(SqliteStore(tmp_path / "m.db", pruner=Pruner(limits, clock))) as store:
        for day in range(31):
            clock.now += DAY
            name = f"day-{day}"
            store.add(make_record(f"Subject: {day}\r\n\r\n", received=clock.now, session_id=name))
            store.add_session(partial(make_session, name, started=clock.now))
            store.add_session(partial(make_session, f"refused-{day}", started=clock.now))
            store.prune().result(60)
        assert subjects(store) == [str(day) for day in range(20, 31)]
        kept = [row.record.header.id for row in all_sessions(store)]
        assert kept[-1] == "refused-30"
        assert [name for name in kept if name.startswith("refused")] == [
            f"refused-{day}" for day in range(27, 31)
        ]
        assert [name for name in kept if name.startswith("day")] == [
            f"day-{day}" for day in range(20, 31)
        ]
        assert store.removed == Removed(messages=20, sessions=20 + 27)


def test_sessions_without_a_message(tmp_path: Path) -> None:
    """The limit of sessions without a message removes the oldest of them, and no message."""
    limits = Limits(max_messages=1, max_sessions=2, max_session_age=None)
    with closing(SqliteStore(tmp_path / "m.db", limits)) as store:
        store.add(make_record(session_id="with"))
        for name in ("with", "a", "b", "c"):
            store.add_session(partial(make_session, name)).result(60)
        store.prune().result(60)
        names = [row.record.header.id for row in all_sessions(store)]
        assert names == ["with", "b", "c"]
        assert store.removed == Removed(messages=0, sessions=1)


def test_session_of_removed_messages(tmp_path: Path) -> None:
    """A session whose messages were all removed counts as a session without a message."""
    limits = Limits(max_sessions=1, max_session_age=None)
    with closing(SqliteStore(tmp_path / "m.db", limits)) as store:
        record = make_record(session_id="with")
        store.add(record)
        for name in ("with", "a"):
            store.add_session(partial(make_session, name)).result(60)
        store.remove([record.id]).result(60)
        store.prune().result(60)
        assert [row.record.header.id for row in all_sessions(store)] == ["a"]


def test_size_of_the_file(tmp_path: Path) -> None:
    """The oldest messages of a file that is too large are removed, never the newest message."""
    path = tmp_path / "m.db"
    with closing(SqliteStore(path, Limits(max_bytes=1024 * 1024))) as store:
        for number in range(600):
            store.add(make_record(head_of(number) + os.urandom(5000))).result(60)
        store.prune().result(60)
        kept = [int(each) for each in subjects(store)]
        assert kept == list(range(kept[0], 600))
        assert 100 < len(kept) < 250
        store.add(make_record(head_of(600) + os.urandom(2 * 1024 * 1024))).result(60)
        store.prune().result(60)
        assert subjects(store) == ["600"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["max_messages", "max_age", "max_bytes"])
def test_wrong_limit(kind: str, name: str, tmp_path: Path) -> None:
    """A limit that is not greater than 0 is an error that names it."""
    limits = Limits(**{name: 0})
    with (
        pytest.raises(ConfigurationError, match=f"{name} is 0"),
        open_store(kind, tmp_path / "m.db", limits=limits),
    ):
        pass


def test_the_file_becomes_smaller(tmp_path: Path) -> None:
    """What limits remove is given back to the file system, with what the index holds of it."""
    path = tmp_path / "m.db"
    with closing(SqliteStore(path, Limits(max_messages=100), sync="normal")) as store:
        for start in range(0, 2_000, 100):
            text = " ".join(f"{start:x}{word:x}" for word in range(300))
            for ticket in [store.add(make_record(f"\r\n\r\n{text}{n}")) for n in range(100)]:
                ticket.result(60)
        store.prune().result(60)
        assert store.count() == Count(100)
    with closing(SqliteStore(tmp_path / "same.db")) as other, closing(open_reader(path)) as reader:
        for ticket in [other.add(record) for record in reader.get_many(reader.ids())]:
            ticket.result(60)
    assert path.stat().st_size < 3 * (tmp_path / "same.db").stat().st_size
