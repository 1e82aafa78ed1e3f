"""Counts that are kept until something changes."""

from __future__ import annotations

from made_records import make_record

from fakesmtp.storage.base import Totals
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.memory import MemoryStore
from fakesmtp.storage.query import EVERYTHING, Query
from fakesmtp.storage.updates import UpdateKind
from fakesmtp.web.totals import CachedCounts


class CountedStore(MemoryStore):
    """A store that knows how often it was asked to count."""

    asked = 0

    def totals(self, query: Query = EVERYTHING) -> Totals:
        """Count, and note that."""
        self.asked += 1
        return super().totals(query)


def test_counts_are_kept() -> None:
    """The same counts are asked of the store once, for each query."""
    store = CountedStore()
    store.add(make_record("Subject: a\r\n\r\nx\r\n"))
    counts = CachedCounts(store)
    for _ in range(3):
        assert counts.totals() == Totals(1, 1)
        assert counts.totals(parse_query("subject:a")) == Totals(1, 1)
        assert counts.totals(parse_query("subject:b")) == Totals(0, 0)
    assert store.asked == 3


def test_a_change_is_counted() -> None:
    """After each kind of change the counts are right."""
    store = CountedStore()
    record = make_record()
    counts = CachedCounts(store)
    assert (counts.totals(), counts.tags()) == (Totals(0, 0), {})
    store.add(record)
    assert counts.totals() == Totals(1, 1)
    store.mark_read([record.id])
    assert counts.totals() == Totals(1, 0)
    store.tag([record.id], ["one"])
    assert counts.tags() == {"one": 1}
    store.remove([record.id])
    assert (counts.totals(), counts.tags()) == (Totals(0, 0), {})


def test_other_changes_do_not_matter() -> None:
    """A change that is not one of messages leaves the counts that it cannot change."""
    store = CountedStore()
    store.add(make_record())
    counts = CachedCounts(store)
    for text in ("hello", "finding:x"):
        counts.totals(parse_query(text))
    store.updates.publish(UpdateKind.MESSAGES_CHECKED, ["made.1"])
    counts.totals(parse_query("hello"))
    assert store.asked == 2
    counts.totals(parse_query("finding:x"))
    assert store.asked == 3


def test_few_counts_are_kept() -> None:
    """Very many queries do not take memory for ever, and are counted right."""
    store = CountedStore()
    store.add(make_record("Subject: 7\r\n\r\nx\r\n"))
    counts = CachedCounts(store)
    found = [counts.totals(parse_query(f"subject:{n}")).messages for n in range(600)]
    assert [n for n, each in enumerate(found) if each] == [7]
    assert len(counts._totals._known) <= 256  # noqa: SLF001 - the limit itself
