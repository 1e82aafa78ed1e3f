"""Messages kept in memory."""

from __future__ import annotations

import tracemalloc

import pytest
from made_messages import make_message

from fakesmtp.errors import ConfigurationError
from fakesmtp.messages import Envelope, ReceivedMessage
from fakesmtp.store.memory import MemoryStore


def test_order() -> None:
    """Messages are kept in the order they came."""
    store, messages = MemoryStore(), [make_message() for _ in range(3)]
    for message in messages:
        store.append(message)
    assert store.snapshot() == messages
    assert len(store) == 3


def test_remove() -> None:
    """Removing gives what was there; unknown ids are nothing."""
    store, messages = MemoryStore(), [make_message() for _ in range(3)]
    for message in messages:
        store.append(message)
    assert store.remove({messages[2].id, messages[0].id, "unknown"}) == [messages[0], messages[2]]
    assert store.remove({messages[0].id}) == []
    assert store.snapshot() == [messages[1]]
    store.clear()
    assert len(store) == 0


def test_get() -> None:
    """A message is found by its id while it is kept, without a look at the others."""
    store, messages = MemoryStore(max_messages=2), [make_message() for _ in range(3)]
    for message in messages:
        store.append(message)
    assert [store.get(message.id) for message in messages] == [None, *messages[1:]]
    store.remove({messages[2].id})
    assert store.get(messages[2].id) is None
    store.clear()
    assert store.get(messages[1].id) is None


def test_limit() -> None:
    """A full store drops the oldest messages and counts them, also after a removal."""
    store, messages = MemoryStore(max_messages=2), [make_message() for _ in range(5)]
    for message in messages[:4]:
        store.append(message)
    assert (store.snapshot(), store.dropped) == (messages[2:4], 2)
    store.remove({messages[3].id})
    store.append(messages[4])
    assert (store.snapshot(), store.dropped) == ([messages[2], messages[4]], 2)
    store.clear()
    assert store.dropped == 2


def test_limit_of_bytes() -> None:
    """Over the limit of bytes the oldest go; the newest is kept whatever its size."""
    store = MemoryStore(max_bytes=250)
    messages = [make_message(raw=b"x" * size) for size in (100, 100, 100, 300, 100)]
    for message, kept, dropped in zip(messages, (1, 2, 2, 1, 1), (0, 0, 1, 3, 4), strict=True):
        store.append(message)
        assert (store.snapshot()[-1], len(store), store.dropped) == (message, kept, dropped)
    store.remove({messages[4].id})
    for _ in range(2):
        store.append(make_message(raw=b"x" * 100))
    assert len(store) == 2
    with pytest.raises(ConfigurationError, match="max_bytes is 0"):
        MemoryStore(max_bytes=0)


def test_a_snapshot_is_a_copy() -> None:
    """Changing a snapshot changes nothing in the store."""
    store = MemoryStore()
    store.append(make_message())
    store.snapshot().clear()
    assert len(store) == 1


def test_an_empty_store_is_true() -> None:
    """An empty store is not taken for none."""
    assert MemoryStore()


def test_a_limit_that_cannot_be() -> None:
    """A limit below one is a wrong option."""
    with pytest.raises(ConfigurationError, match="max_messages is 0: give 1 or more"):
        MemoryStore(max_messages=0)


def test_what_a_message_costs() -> None:
    """A kept message of 2,291 bytes costs at most 700 bytes more, with its envelope and its id."""
    count, size = 2_000, 2_291
    store, template = MemoryStore(), make_message()
    tracemalloc.start()
    for number in range(count):
        store.append(_fresh_message(template, number, size))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / count - size < 700


def _fresh_message(template: ReceivedMessage, number: int, size: int) -> ReceivedMessage:
    """Make a message that shares with others only what the server shares."""
    return ReceivedMessage(
        id=f"abcdef.{number}",
        raw=bytes(size),
        envelope=Envelope(f"sender{number}@example.com", (f"recipient{number}@example.com",)),
        login=template.login,
        received=template.received + number,
        port=587,
        tls=None,
        session=template.session,
    )
