"""What a store in memory alone has: searches that can pause."""

from __future__ import annotations

from made_records import make_record

from fakesmtp.storage.language import parse_query
from fakesmtp.storage.memory import MemoryStore


def test_a_search_rests_before_each_message() -> None:
    """A server can let searches pause. Lists are short."""
    store = MemoryStore()
    for n in range(3):
        store.add(make_record(f"Subject: {n}\r\n\r\nx\r\n"))
    rests: list[None] = []
    store.rest = lambda: rests.append(None)
    assert len(store.page(limit=2).rows) == 2
    assert rests == []
    assert len(store.page(parse_query("subject:1")).rows) == 1
    assert len(rests) == 3
