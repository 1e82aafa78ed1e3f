"""Storing a message: which clients wait, when the server stops reading, what a failure causes."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from raw_client import RawClient

from fakesmtp import FakeSMTP
from fakesmtp.errors import StoreError
from fakesmtp.storage.memory import MemoryStore

if TYPE_CHECKING:
    from fakesmtp.messages.record import MessageRecord

MESSAGE = b"MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n"


class SlowStore(MemoryStore):
    """A store whose messages become durable when the test sets the ticket's result."""

    is_durable = True
    accepts_more = True

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[Future[int]] = []

    def add(self, record: MessageRecord) -> Future[int]:  # type: ignore[override]
        """Return a ticket that is not done."""
        super().add(record)
        self.tickets.append(Future())
        return self.tickets[-1]


def greeted(smtp: FakeSMTP) -> RawClient:
    """Return a client that has sent EHLO."""
    client = RawClient(smtp.port(587))
    client.read_reply()
    client.send(b"EHLO me\r\n")
    client.read_reply()
    return client


def send_message(client: RawClient) -> None:
    """Send a message and a NOOP, whose replies are delayed."""
    client.send(MESSAGE)
    assert [client.read_reply()[:3] for _ in range(3)] == ["250", "250", "354"]
    client.send(b"Subject: hi\r\n\r\nhello\r\n.\r\nNOOP\r\n")


def round_trips(smtp: FakeSMTP) -> None:
    """Wait until the loop has read everything that arrived: do round trips of a new client."""
    with greeted(smtp) as client:
        for _ in range(5):
            client.send(b"NOOP\r\n")
            assert client.read_reply().startswith("250")


def test_full_store_pauses_reading() -> None:
    """While the store has no room, the server reads nothing; later each client gets its replies."""
    store = SlowStore()
    with (
        FakeSMTP(store=store, require_auth=False) as smtp,
        greeted(smtp) as other,
        greeted(smtp) as sender,
    ):
        store.accepts_more = False
        send_message(sender)
        round_trips(smtp)
        other.send(b"NOOP\r\n")
        round_trips(smtp)
        assert [line.upper() for line in smtp.sessions[0].commands] == ["EHLO ME"]
        assert "NOOP" not in smtp.sessions[1].commands
        store.accepts_more = True
        store.tickets[0].set_result(1)
        replies = [sender.read_reply() for _ in range(2)]
        assert replies == ["250 Command accepted", "250 2.0.0 OK"]
        assert other.read_reply() == "250 2.0.0 OK"


def test_failure_of_the_store_is_a_reply() -> None:
    """A message that could not be stored is refused with 451; the session has a note."""
    store = SlowStore()
    with FakeSMTP(store=store, require_auth=False) as smtp, greeted(smtp) as sender:
        send_message(sender)
        round_trips(smtp)
        store.tickets[0].set_exception(StoreError("the disk is full"))
        replies = [sender.read_reply() for _ in range(2)]
        assert replies == ["451 Unable to process request", "250 2.0.0 OK"]
        assert "the message could not be stored: the disk is full" in smtp.sessions[0].notes
        assert smtp.sessions[0].message_count == 0


def test_message_of_a_client_that_left_is_kept() -> None:
    """A message is stored and passed to callbacks, also when its client left before."""
    store = SlowStore()
    with FakeSMTP(store=store, require_auth=False) as smtp, greeted(smtp) as sender:
        send_message(sender)
        round_trips(smtp)
        sender.socket.close()
        while smtp.sessions[0].closed_by is None:
            round_trips(smtp)
        received: list[str] = []
        smtp.on_message(lambda message: received.append(message.subject))
        store.tickets[0].set_result(1)
        round_trips(smtp)
        assert received == ["hi"]
