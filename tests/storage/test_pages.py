"""Numbered pages of every store: offsets, exact totals, rows by id, tags with counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from made_records import make_record

from fakesmtp.storage.base import Totals
from fakesmtp.storage.language import parse_query

if TYPE_CHECKING:
    from fakesmtp.storage.base import Store


@pytest.fixture
def ids(store: Store) -> list[str]:
    """Store four messages with the subjects 0 to 3; 0 and 2 have the AppKey `even`."""
    records = [
        make_record(f"Subject: {n}\r\n\r\nx\r\n", app_key=None if n % 2 else "even")
        for n in range(4)
    ]
    for record in records:
        store.add(record).result()
    return [record.id for record in records]


def test_an_offset_skips_matching_messages(store: Store, ids: list[str]) -> None:
    """An offset skips this number of matching messages, newest first."""
    page = store.page(parse_query("x -subject:2"), offset=1, limit=1)

    assert [row.record.id for row in page.rows] == [ids[1]]
    assert page.cursor == page.rows[0].number
    assert store.page(offset=4).rows == ()


def test_nothing_is_older_than_the_first_message(store: Store, ids: list[str]) -> None:
    """A page from the cursor 0 on is empty in every store."""
    assert len(store.page().rows) == len(ids)
    assert store.page(cursor=0).rows == ()


def test_rows_are_found_by_id(store: Store, ids: list[str]) -> None:
    """Rows are returned by id, oldest first, each once; unknown ids are ignored."""
    rows = store.rows([ids[2], "gone", ids[0], ids[2]])

    assert [(row.record.id, row.facts.subject) for row in rows] == [(ids[0], "0"), (ids[2], "2")]
    assert store.rows([]) == []


def test_one_message_is_compared(store: Store, ids: list[str]) -> None:
    """A query is tried on one message; an unknown one never matches."""
    assert [store.matches(each, parse_query("appkey:even")) for each in (*ids, "gone")] == [
        *(True, False, True, False),
        False,
    ]


def test_totals_are_exact(store: Store, ids: list[str]) -> None:
    """Totals count the matching messages, and the unread ones of them."""
    store.mark_read(ids[:1]).result()

    assert store.totals() == Totals(4, 3)
    assert store.totals(parse_query("appkey:even")) == Totals(2, 1)
    assert store.totals(parse_query("x subject:0")) == Totals(1, 0)
    assert store.totals(parse_query("nowhere")) == Totals(0, 0)


def test_tags_are_counted(store: Store, ids: list[str]) -> None:
    """Tags are counted regardless of case and sorted, also for some messages only."""
    store.tag(ids[:2], ["주문", "Urgent"]).result()
    store.tag(ids[2:3], ["urgent"]).result()

    assert list(store.tag_counts().items()) == [("Urgent", 3), ("주문", 2)]
    assert store.tag_counts(parse_query("subject:2")) == {"urgent": 1}
    assert store.tag_counts(parse_query("subject:3")) == {}
