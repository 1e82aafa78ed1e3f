"""Tags that a message brings: its ticket is done when they are stored."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING
from unittest.mock import Mock

from made_records import make_record

from fakesmtp.messages.message import ReceivedMessage
from fakesmtp.storage.memory import Done
from fakesmtp.tagging import keep_tags

if TYPE_CHECKING:
    from fakesmtp.storage.base import Ticket


class SlowTags:
    """A store that has not stored tags yet."""

    def __init__(self) -> None:
        self.tagging: Future[int] = Future()
        self.tagged: list[object] = []

    def tag(self, ids: object, tags: object) -> Future[int]:
        """Return a ticket that is not done."""
        self.tagged.append((ids, tags))
        return self.tagging


def keep(store: SlowTags, raw: str) -> tuple[ReceivedMessage, Ticket[int]]:
    """Keep the tags of a message that has the number 7."""
    message = ReceivedMessage(make_record(raw), Mock())
    return message, keep_tags(store, message, Done(7))  # type: ignore[arg-type]


def test_a_message_waits_for_its_tags() -> None:
    """The ticket is done when the tags are stored; callbacks are called then."""
    store, called = SlowTags(), []
    message, ticket = keep(store, "X-Tags: one, two\r\n\r\nx\r\n")
    ticket.add_done_callback(called.append)
    assert store.tagged == [([message.id], ["one", "two"])]
    assert (ticket.done(), called) == (False, [])
    store.tagging.set_result(1)
    assert (ticket.done(), called) == (True, [ticket])
    assert (ticket.result(), ticket.exception()) == (7, None)


def test_tags_that_cannot_be_stored_do_not_refuse_a_message() -> None:
    """The client must not send again what is stored."""
    store = SlowTags()
    _, ticket = keep(store, "X-Tags: one\r\n\r\nx\r\n")
    store.tagging.set_exception(OSError("no space"))
    assert (ticket.done(), ticket.result(), ticket.exception()) == (True, 7, None)


def test_a_message_without_tags_does_not_wait() -> None:
    """Its ticket is the store's own."""
    store = SlowTags()
    _, ticket = keep(store, "Subject: x\r\n\r\nX-Tags: one\r\n")
    assert isinstance(ticket, Done)
    assert store.tagged == []
