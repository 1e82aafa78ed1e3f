"""Mails kept in memory."""

from __future__ import annotations

import tracemalloc

import pytest
from made_mails import make_mail

from fakesmtp.errors import ConfigurationError
from fakesmtp.mail import Envelope, ReceivedMail
from fakesmtp.store.memory import MemoryStore


def test_order() -> None:
    """Mails are kept in the order they came."""
    store, mails = MemoryStore(), [make_mail() for _ in range(3)]
    for mail in mails:
        store.append(mail)
    assert store.snapshot() == mails
    assert len(store) == 3


def test_remove() -> None:
    """Removing gives what was there; unknown ids are nothing."""
    store, mails = MemoryStore(), [make_mail() for _ in range(3)]
    for mail in mails:
        store.append(mail)
    assert store.remove({mails[2].id, mails[0].id, "unknown"}) == [mails[0], mails[2]]
    assert store.remove({mails[0].id}) == []
    assert store.snapshot() == [mails[1]]
    store.clear()
    assert len(store) == 0


def test_get() -> None:
    """A mail is found by its id while it is kept, without a look at the others."""
    store, mails = MemoryStore(max_messages=2), [make_mail() for _ in range(3)]
    for mail in mails:
        store.append(mail)
    assert [store.get(mail.id) for mail in mails] == [None, *mails[1:]]
    store.remove({mails[2].id})
    assert store.get(mails[2].id) is None
    store.clear()
    assert store.get(mails[1].id) is None


def test_limit() -> None:
    """A full store lets the oldest mails go and counts them, also after a mail was removed."""
    store, mails = MemoryStore(max_messages=2), [make_mail() for _ in range(5)]
    for mail in mails[:4]:
        store.append(mail)
    assert (store.snapshot(), store.dropped) == (mails[2:4], 2)
    store.remove({mails[3].id})
    store.append(mails[4])
    assert (store.snapshot(), store.dropped) == ([mails[2], mails[4]], 2)
    store.clear()
    assert store.dropped == 2


def test_limit_of_bytes() -> None:
    """Over the limit of bytes the oldest go; the newest is kept whatever its size."""
    store = MemoryStore(max_bytes=250)
    mails = [make_mail(raw=b"x" * size) for size in (100, 100, 100, 300, 100)]
    for mail, kept, dropped in zip(mails, (1, 2, 2, 1, 1), (0, 0, 1, 3, 4), strict=True):
        store.append(mail)
        assert (store.snapshot()[-1], len(store), store.dropped) == (mail, kept, dropped)
    store.remove({mails[4].id})
    for _ in range(2):
        store.append(make_mail(raw=b"x" * 100))
    assert len(store) == 2
    with pytest.raises(ConfigurationError, match="max_bytes is 0"):
        MemoryStore(max_bytes=0)


def test_a_snapshot_is_a_copy() -> None:
    """Changing a snapshot changes nothing in the store."""
    store = MemoryStore()
    store.append(make_mail())
    store.snapshot().clear()
    assert len(store) == 1


def test_an_empty_store_is_true() -> None:
    """An empty store is not taken for none."""
    assert MemoryStore()


def test_a_limit_that_cannot_be() -> None:
    """A limit below one is a wrong option."""
    with pytest.raises(ConfigurationError, match="max_messages is 0: give 1 or more"):
        MemoryStore(max_messages=0)


def test_what_a_mail_costs() -> None:
    """A kept mail of 2,291 bytes costs at most 700 bytes more, with its envelope and its id."""
    count, size = 2_000, 2_291
    store, template = MemoryStore(), make_mail()
    tracemalloc.start()
    for number in range(count):
        store.append(_fresh_mail(template, number, size))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / count - size < 700


def _fresh_mail(template: ReceivedMail, number: int, size: int) -> ReceivedMail:
    """Make a mail that shares with others only what the server shares."""
    return ReceivedMail(
        id=f"abcdef.{number}",
        raw=bytes(size),
        envelope=Envelope(f"sender{number}@example.com", (f"recipient{number}@example.com",)),
        login=template.login,
        received=template.received + number,
        listener=587,
        tls=None,
        session=template.session,
    )
