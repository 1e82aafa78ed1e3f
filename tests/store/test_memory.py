"""Messages kept in memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    store = MemoryStore(max_bytes=25_000)
    messages = [make_message(raw=b"x" * size) for size in (10_000, 10_000, 10_000, 30_000, 10_000)]
    for message, kept, dropped in zip(messages, (1, 2, 2, 1, 1), (0, 0, 1, 3, 4), strict=True):
        store.append(message)
        assert (store.snapshot()[-1], len(store), store.dropped) == (message, kept, dropped)
    store.remove({messages[4].id})
    for _ in range(2):
        store.append(make_message(raw=b"x" * 10_000))
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
        received=template.received_at.timestamp() + number,
        port=587,
        tls=None,
        session=template.session,
    )


@given(
    sizes=st.lists(st.integers(0, 3_000), max_size=20),
    removed=st.sets(st.integers(0, 19)),
    most=st.integers(1, 5),
    most_bytes=st.integers(1, 8_000),
)
def test_any_messages_stay_within_the_limits(
    sizes: list[int], removed: set[int], most: int, most_bytes: int
) -> None:
    """Whatever comes and is removed, the newest are kept, within both limits unless it is one."""
    store, gone = MemoryStore(most, max_bytes=most_bytes), 0
    messages = [make_message(b"x" * size) for size in sizes]
    for number, message in enumerate(messages):
        store.append(message)
        kept = store.snapshot()
        assert kept[-1] is message
        assert len(kept) == 1 or sum(1024 + len(each.raw) for each in kept) <= most_bytes
        assert len(kept) <= most
        if number in removed:
            gone += len(store.remove({kept[0].id}))
    assert store.dropped == len(messages) - len(store) - gone


def test_recipients_count() -> None:
    """Short messages to many recipients stay within the bytes that are allowed."""
    store = MemoryStore(max_bytes=1_000_000)
    for _ in range(5):
        store.append(make_message(b"", rcpt_tos=("x" * 36 + "@example.com",) * 4_000))
    assert len(store) == 2
