"""Updates: the published changes of a store, and reading them from a cursor."""

from __future__ import annotations

from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from made_records import BEGAN, make_record, make_session

from fakesmtp.storage import updates as module
from fakesmtp.storage.query import EVERYTHING
from fakesmtp.storage.updates import Update, UpdateKind, Updates

if TYPE_CHECKING:
    import pytest

    from fakesmtp.storage.base import Store

ADDED, MARKED = UpdateKind.MESSAGES_ADDED, UpdateKind.MESSAGES_MARKED


def kinds_of(updates: tuple[Update, ...]) -> list[tuple[UpdateKind, tuple[str, ...]]]:
    """Return the updates without their cursors."""
    return [(update.kind, update.ids) for update in updates]


def test_each_change_of_a_store_is_an_update(store: Store) -> None:
    """Each kind of change is published, in order, before its ticket is done."""
    start = store.updates.cursor
    one, other = make_record(), make_record()
    store.add(one).result(60)
    store.add(other).result(60)
    store.add_session(partial(make_session, "s1")).result(60)
    store.mark_read([one.id, "unknown"]).result(60)
    store.tag([other.id], ["later"]).result(60)
    store.remove([one.id, "unknown"]).result(60)
    store.remove_matching(EVERYTHING).result(60)
    batch = store.updates.since(start)
    assert kinds_of(batch.updates) == [
        (UpdateKind.MESSAGES_ADDED, (one.id,)),
        (UpdateKind.MESSAGES_ADDED, (other.id,)),
        (UpdateKind.SESSIONS_ADDED, ("s1",)),
        (UpdateKind.MESSAGES_MARKED, (one.id,)),
        (UpdateKind.MESSAGES_MARKED, (other.id,)),
        (UpdateKind.MESSAGES_REMOVED, (one.id,)),
        (UpdateKind.MESSAGES_REMOVED, (other.id,)),
    ]
    cursors = [update.cursor for update in batch.updates]
    assert cursors == sorted(set(cursors))
    assert batch.cursor == cursors[-1] == store.updates.cursor
    assert batch.is_complete


def test_updates_about_gone_messages_have_their_app_keys(store: Store) -> None:
    """The reader of one AppKey learns which of its messages are gone."""
    records = [make_record(app_key=key) for key in ("mine", None, "other", "mine")]
    for record in records:
        store.add(record).result(60)
    start = store.updates.cursor
    store.remove_matching(EVERYTHING).result(60)
    (update,) = store.updates.since(start).updates
    ids = dict(zip(update.ids, update.app_keys, strict=True))
    assert ids == {each.id: each.app_key for each in records}
    assert set(update.gone_from("mine")) == {records[0].id, records[3].id}
    assert update.gone_from("nobody") == ()
    assert update.gone_from(None) == update.ids


def test_change_without_effect_is_not_an_update(store: Store) -> None:
    """Changes of unknown ids and empty results are not published."""
    start = store.updates.cursor
    store.remove(["unknown"]).result(60)
    store.mark_read(["unknown"]).result(60)
    store.remove_matching(EVERYTHING).result(60)
    assert store.updates.cursor == start


def test_a_reader_continues_after_its_cursor() -> None:
    """Reading from a cursor continues with the next update; an unknown cursor is not complete."""
    updates = Updates()
    first = updates.cursor
    updates.publish(ADDED, ["a"])
    second = updates.cursor
    updates.publish(MARKED, ["b", "c"])
    assert kinds_of(updates.since(first).updates) == [(ADDED, ("a",)), (MARKED, ("b", "c"))]
    assert kinds_of(updates.since(second).updates) == [(MARKED, ("b", "c"))]
    assert updates.since(updates.cursor).updates == ()
    for unknown in (0, first - 1, updates.cursor + 1):
        assert updates.since(unknown) == ((), updates.cursor, False)


def test_old_updates_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of kept ids is limited; a reader with an older cursor gets an incomplete batch."""
    monkeypatch.setattr(module, "MOST_KEPT", 3)
    updates = Updates()
    start = updates.cursor
    for name in "abcde":
        updates.publish(ADDED, [name])
    assert not updates.since(start).is_complete
    assert not updates.since(start + 1).is_complete
    assert [each.ids for each in updates.since(start + 2).updates] == [("c",), ("d",), ("e",)]
    updates.publish(ADDED, list("12345"))
    assert [each.ids for each in updates.since(start + 5).updates] == [tuple("12345")]
    assert not updates.since(start + 4).is_complete


def test_cursors_grow_from_run_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later run has higher cursors, which are exact numbers in JavaScript."""
    monkeypatch.setattr(module, "now", lambda: BEGAN)
    earlier = Updates()
    earlier.publish(ADDED, ["a"])
    monkeypatch.setattr(module, "now", lambda: BEGAN + 1)
    assert earlier.cursor < Updates().cursor < 2**53


def test_waiting_for_an_update() -> None:
    """The next update wakes a waiting thread; a thread with an old cursor returns at once."""
    updates = Updates()
    start = updates.cursor
    assert not updates.wait(start, 0)
    woken: list[bool] = []
    waiting = Thread(target=lambda: woken.append(updates.wait(start, 60)))
    waiting.start()
    updates.publish(ADDED, ["a"])
    waiting.join(60)
    assert woken == [True]
    assert updates.wait(start, 0)


def test_listening_ends() -> None:
    """A listener gets exactly the updates during its `with` block."""
    updates, received = Updates(), list[Update]()
    updates.publish(ADDED, ["before"])
    with updates.listening(received.append):
        updates.publish(ADDED, ["during"])
    updates.publish(ADDED, ["after"])
    assert kinds_of(tuple(received)) == [(ADDED, ("during",))]
