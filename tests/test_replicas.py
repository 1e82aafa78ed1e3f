"""Several `FakeSMTP` on one PostgreSQL database: waiting, taking, clearing."""

from __future__ import annotations

import os
import smtplib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import postgres
import pytest
from forked import try_in_child

from fakesmtp import FakeSMTP
from fakesmtp.errors import NoMatchingMessage
from fakesmtp.server import engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = 40


@pytest.fixture
def servers() -> Iterator[tuple[FakeSMTP, FakeSMTP]]:
    """Return two running servers that share a database."""
    url = postgres.new_url()
    options = {"store": url, "accounts": "any", "require_auth": False}
    with FakeSMTP(**options) as one, FakeSMTP(**options) as other:
        yield one, other


def send(smtp: FakeSMTP, *subjects: str) -> None:
    """Send messages."""
    with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
        for subject in subjects:
            text = f"Subject: {subject}\r\n\r\nx\r\n"
            client.sendmail("a@example.com", ["b@example.com"], text.encode())


def test_waiting_for_a_message_of_another_server(servers: tuple[FakeSMTP, FakeSMTP]) -> None:
    """A search waits also for messages that another server receives; callbacks do not get them."""
    one, other = servers
    received: list[str] = []
    other.on_message(lambda message: received.append(message.subject))
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(other.wait_for_count, 2, timeout=30)
        send(one, "first", "second")
        send(other, "own")
        assert [message.subject for message in found.result()] == ["first", "second"]
    assert received == ["own"]
    assert other.clear() == 3
    assert one.messages == []


def test_each_message_has_one_taker(servers: tuple[FakeSMTP, FakeSMTP]) -> None:
    """Takers of several servers each get other messages, and together all of them."""
    with ThreadPoolExecutor(8) as pool:
        taken = [
            pool.submit(smtp.take, timeout=60) for smtp in servers for _ in range(MESSAGES // 2)
        ]
        for number in range(MESSAGES):
            send(servers[number % 2], str(number))
        counted = Counter(each.result().subject for each in taken)
    assert counted == Counter(map(str, range(MESSAGES)))
    with pytest.raises(NoMatchingMessage):
        servers[0].take(timeout=0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_child_can_read(servers: tuple[FakeSMTP, FakeSMTP]) -> None:
    """A forked child reads the database and cannot change it; the parent's connections stay."""
    one, other = servers
    send(one, "first")
    store = engine_of(one).archive.store
    while not store.session_page().rows:
        pass
    store.mark_read([]).result(60)  # no thread holds a lock of the session during the fork
    assert try_in_child(one, [each.raw for each in one.messages]) == 0
    send(other, "second")
    assert one.wait_for(subject="second", timeout=30).subject == "second"
