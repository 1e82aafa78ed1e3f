"""Waiting for a query and following updates, with every store, in threads and loops."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import anyio
import pytest
from made_records import make_record
from stores import KINDS, open_store

from fakesmtp.errors import FakeSMTPError
from fakesmtp.mailbox import Mailbox
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.updates import UpdateKind
from fakesmtp.storage.waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.records import MessageRow
    from fakesmtp.storage.updates import Batch

LONG = 30.0  # seconds; a test that waits so long has failed


@pytest.fixture(params=KINDS)
def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mailbox]:
    """Return a mailbox over a store of each kind in turn."""
    with open_store(request.param, tmp_path / "messages.db", limits=UNLIMITED) as store:
        yield Mailbox(store)


def with_subject(subject: str) -> MessageRecord:
    """Return a message with this subject."""
    return make_record(f"Subject: {subject}\r\n\r\n")


def add(mailbox: Mailbox, *subjects: str) -> list[str]:
    """Store messages; return their ids."""
    records = [with_subject(subject) for subject in subjects]
    for record in records:
        mailbox.store.add(record).result(LONG)
    return [record.id for record in records]


def subjects_of(rows: tuple[MessageRow, ...]) -> list[str]:
    """Return the subjects of messages."""
    return [row.facts.subject for row in rows]


@contextmanager
def after_first_look(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> Iterator[None]:
    """Call a function in a thread as soon as a wait has searched without a result."""
    has_looked = Event()
    look = Wait.look

    def look_and_signal(wait: Wait) -> bool:
        is_over = look(wait)
        has_looked.set()
        return is_over

    def wait_and_act() -> None:
        assert has_looked.wait(LONG)
        act()

    monkeypatch.setattr(Wait, "look", look_and_signal)
    thread = Thread(target=wait_and_act)
    thread.start()
    try:
        yield
    finally:
        thread.join(LONG)


def test_messages_after_the_cursor_are_returned_at_once(mailbox: Mailbox) -> None:
    """Messages after the cursor match, also if they arrived before the wait."""
    add(mailbox, "a 1", "b", "a 2", "a 3")
    query = parse_query("subject:a")
    assert subjects_of(mailbox.wait(query, since=0, timeout=0)) == ["a 1"]
    assert subjects_of(mailbox.wait(query, since=1, count=2, timeout=0)) == ["a 2", "a 3"]
    assert subjects_of(mailbox.wait(query, since=3, count=2, timeout=0)) == ["a 3"]
    assert mailbox.wait(query, timeout=0) == ()


def test_message_ends_the_wait(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait returns the next message that matches, not older or other messages."""
    add(mailbox, "인증 old")
    with after_first_look(monkeypatch, lambda: add(mailbox, "other", "인증 new")):
        found = mailbox.wait(parse_query("subject:인증"), timeout=LONG)
    assert subjects_of(found) == ["인증 new"]


def test_several_messages_end_the_wait(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait for two messages continues after the first."""
    add(mailbox, "a 1", "b")
    with after_first_look(monkeypatch, lambda: add(mailbox, "c", "a 2", "a 3")):
        found = mailbox.wait(parse_query("subject:a"), since=0, count=2, timeout=LONG)
    assert subjects_of(found) == ["a 1", "a 2"]


def test_mark_ends_the_wait(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait returns a stored message as soon as its tag matches."""
    (name,) = add(mailbox, "a")

    def tag() -> None:
        mailbox.store.tag([name], ["urgent"]).result(LONG)

    with after_first_look(monkeypatch, tag):
        (row,) = mailbox.wait(parse_query("-is:read tag:urgent"), since=0, timeout=LONG)
    assert row.record.id == name


def test_timeout_ends_the_wait(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the timeout the wait returns what it found; other messages do not extend it."""
    with after_first_look(monkeypatch, lambda: add(mailbox, "a", "b")):
        found = mailbox.wait(parse_query("subject:a"), since=0, count=2, timeout=0.2)
    assert subjects_of(found) in (["a"], [])


def test_wait_in_a_forked_child_is_refused(mailbox: Mailbox) -> None:
    """A wait in a forked child is an error, because no message can arrive; a search works."""
    mailbox.cut_off("messages arrive elsewhere")
    assert mailbox.wait(parse_query("a"), timeout=0) == ()
    with pytest.raises(FakeSMTPError, match="elsewhere"):
        mailbox.wait(parse_query("a"), timeout=LONG)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_waiting_in_a_loop(mailbox: Mailbox, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task waits for messages of another thread, and ends at the timeout."""

    async def wait(text: str, timeout: float) -> list[str]:
        query = parse_query(text)
        found = await mailbox.wait_async(query, since=0, count=2, timeout=timeout)
        return subjects_of(found)

    with after_first_look(monkeypatch, lambda: add(mailbox, "a 1", "b", "a 2")):
        assert anyio.run(wait, "subject:a", LONG, backend=backend) == ["a 1", "a 2"]
    assert anyio.run(wait, "subject:b", 0.01, backend=backend) == ["b"]


def test_cancelled_wait(mailbox: Mailbox) -> None:
    """Cancelling the task ends the wait and removes its listener."""

    async def wait_and_cancel() -> None:
        with anyio.move_on_after(0.05) as scope:
            await mailbox.wait_async(parse_query("a"), timeout=LONG)
        assert scope.cancelled_caught

    before = mailbox.store.updates.listeners
    asyncio.run(wait_and_cancel())
    assert mailbox.store.updates.listeners == before


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_following_updates(mailbox: Mailbox, backend: str) -> None:
    """A task gets each update after its cursor once, in order, as it happens."""
    start = mailbox.store.updates.cursor
    names = add(mailbox, "a", "b")

    async def follow() -> list[Batch]:
        batches = []
        async with aclosing(mailbox.follow(start)) as updates:
            async for batch in updates:
                batches.append(batch)
                if len(batches) == 1:
                    names.extend(await anyio.to_thread.run_sync(add, mailbox, "c"))
                if sum(len(each.updates) for each in batches) == 3:
                    return batches
        raise AssertionError

    updates = [update for batch in anyio.run(follow, backend=backend) for update in batch.updates]
    assert [update.kind for update in updates] == [UpdateKind.MESSAGES_ADDED] * 3
    assert [name for update in updates for name in update.ids] == names
    assert updates[-1].cursor == mailbox.store.updates.cursor


def test_following_from_an_unknown_cursor(mailbox: Mailbox) -> None:
    """A forgotten cursor gives an incomplete batch, then the following updates."""

    async def follow() -> None:
        async with aclosing(mailbox.follow(7)) as updates:
            batch = await anext(updates)
            assert (batch.updates, batch.is_complete) == ((), False)
            await asyncio.to_thread(add, mailbox, "a")
            batch = await anext(updates)
            assert (len(batch.updates), batch.is_complete) == (1, True)

    asyncio.run(follow())
