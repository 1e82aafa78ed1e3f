"""Storing a message: which clients wait, when the server stops reading, what a failure causes."""

from __future__ import annotations

import socket
import struct
from concurrent.futures import Future
from threading import Timer
from typing import TYPE_CHECKING

import pytest
from loops import LOOPS
from raw_client import RawClient

from fakesmtp import FakeSMTP
from fakesmtp.errors import StoreError
from fakesmtp.sessions.events import SessionEnd
from fakesmtp.storage.memory import MemoryStore

if TYPE_CHECKING:
    from fakesmtp import Session
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


def ended(smtp: FakeSMTP) -> Session:
    """Return the first session when it has ended."""
    session = smtp.sessions[0]
    while session.end is None:
        round_trips(smtp)
    return session


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
        (refusal,) = smtp.sessions[0].refusals
        assert refusal.reason == "the message could not be stored: the disk is full"
        assert smtp.sessions[0].message_count == 0


@pytest.mark.parametrize("loop", LOOPS)
def test_client_that_sends_nothing_more_gets_its_replies(loop: str) -> None:
    """A client that closes its side while its message is stored gets all replies."""
    store = SlowStore()
    with (
        FakeSMTP(store=store, require_auth=False, loop_factory=LOOPS[loop]) as smtp,
        greeted(smtp) as sender,
    ):
        send_message(sender)
        sender.half_close()
        round_trips(smtp)
        assert smtp.sessions[0].end is None
        store.tickets[0].set_result(1)
        assert sender.read_to_end() == b"250 Command accepted\r\n250 2.0.0 OK\r\n"
        assert str(ended(smtp).end) == "client closed the connection"


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("outcome", ["stored", "refused"])
def test_client_that_left_before_the_outcome(loop: str, outcome: str) -> None:
    """The session ends after the outcome of its message, which is kept and passed to callbacks."""
    store = SlowStore()
    received: list[str] = []
    with (
        FakeSMTP(store=store, require_auth=False, loop_factory=LOOPS[loop]) as smtp,
        greeted(smtp) as sender,
    ):
        smtp.on_message(lambda message: received.append(message.subject))
        send_message(sender)
        round_trips(smtp)
        sender.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sender.socket.close()
        round_trips(smtp)
        if outcome == "stored":
            store.tickets[0].set_result(1)
        else:
            store.tickets[0].set_exception(StoreError("the disk is full"))
        session = ended(smtp)
    is_stored = outcome == "stored"
    assert (session.message_count, received) == ((1, ["hi"]) if is_stored else (0, []))
    assert session.transactions[0].outcome == ("delivered" if is_stored else "abandoned")
    assert str(session.end) == "connection reset"
    assert isinstance(session.events[-1], SessionEnd)


def test_server_that_stops_waits_for_the_outcome() -> None:
    """A session whose message is stored while the server stops has the message."""
    store = SlowStore()
    with FakeSMTP(store=store, require_auth=False) as smtp, greeted(smtp) as sender:
        send_message(sender)
        round_trips(smtp)
        later = Timer(0.05, store.tickets[0].set_result, [1])
        later.start()
        smtp.stop()
        session = smtp.sessions[0]
        assert (session.message_count, session.closed_by) == (1, "server stopped")
        later.join()


def test_server_that_stops_does_not_wait_for_ever() -> None:
    """A session whose message is never stored ends all the same."""
    with FakeSMTP(store=SlowStore(), require_auth=False) as smtp, greeted(smtp) as sender:
        send_message(sender)
        round_trips(smtp)
        smtp.stop()
        assert smtp.sessions[0].end is not None
