"""Faults and the life of a server: stopping, idling, pipelining, concurrent sessions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

from fakesmtp import FakeSMTP
from fakesmtp.sessions.causes import ClosedBy

if TYPE_CHECKING:
    from fakesmtp import Session

KEYS = ("AppKey", "SecretKey")
PIPELINED = (
    b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nNOOP\r\n"
)


GO_AHEAD = "354 Ok Send data ending with <CRLF>.<CRLF>"
ACCEPTED = "250 Command accepted"
OK = "250 2.0.0 OK"
ENVELOPE_OK = [
    "250 2.1.0 Sender <a@example.com> OK",
    "250 2.1.5 Recipient <b@example.org> OK",
    "250 2.1.5 Recipient <c@example.org> OK",
]


def test_pipelined_commands_are_kept(smtp: FakeSMTP) -> None:
    """Commands after a delayed one are kept and executed in order afterwards."""
    smtp.faults.delay("rcpt", seconds=0.01, times=2)
    smtp.faults.fail("noop", reply="451 4.0.0 last")
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.send(PIPELINED)
        replies = [client.read_reply() for _ in range(4)]
        assert replies == [*ENVELOPE_OK, "451 4.0.0 last"]
        assert client.ask("DATA") == GO_AHEAD
        client.send(b"Subject: hello\r\n\r\nhello\r\n.\r\n")
        assert client.read_reply() == ACCEPTED
    assert smtp.messages[0].rcpt_tos == ("b@example.org", "c@example.org")


def test_complete_transaction_at_once(smtp: FakeSMTP) -> None:
    """Message data that arrived together with a delayed DATA is still the message."""
    smtp.faults.delay("data", seconds=0.01)
    smtp.faults.delay("data-body", seconds=0.01, after_bytes=5)
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.send(PIPELINED + b"DATA\r\nSubject: hello\r\n\r\nhello\r\n.\r\nNOOP\r\n")
        replies = [client.read_reply() for _ in range(7)]
    assert replies == [*ENVELOPE_OK, OK, GO_AHEAD, ACCEPTED, OK]
    assert smtp.messages[0].raw == b"Subject: hello\r\n\r\nhello\r\n"


@pytest.mark.parametrize("what", ["stall", "delay"])
def test_stop_does_not_wait(what: str) -> None:
    """A server that is stopped closes waiting connections at once."""
    sessions: SimpleQueue[Session] = SimpleQueue()
    with FakeSMTP(ports={587: 0}, accounts=[KEYS]) as smtp:
        smtp.on_session_end(sessions.put)
        smtp.faults.fault("noop", what, seconds=600)
        client = RawClient(smtp.port(587))
        client.read_reply()
        client.send(b"EHLO client\r\nNOOP\r\nNOOP\r\n")
        # Replies from before a pause are sent when it begins.
        client.read_reply()
    with client:
        assert client.read_to_end() == b""
    assert sessions.get().closed_by is ClosedBy.STOP


def test_data_during_a_stall_is_ignored(smtp: FakeSMTP) -> None:
    """Bytes that a client sends during a stall are read, but not kept or executed."""
    smtp.faults.fault("noop", "stall", seconds=0.05)
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.send(b"EHLO client\r\nNOOP\r\n" + b"RSET\r\n" * 100_000)
        client.read_reply()
        assert client.read_to_end() == b""
    assert smtp.sessions[0].commands == ("EHLO client", "NOOP")


def test_idle_timeout_does_not_end_a_delay() -> None:
    """A delayed connection is not idle, however short the idle timeout is."""
    with FakeSMTP(ports={587: 0}, accounts=[KEYS], idle_timeout=0.005) as smtp:
        smtp.faults.delay("greeting", seconds=0.05)
        with RawClient(smtp.port(587)) as client:
            assert client.read_reply().startswith("220")


def test_limit_of_connections(smtp: FakeSMTP) -> None:
    """Above the limit a client is refused; after others have left the next is accepted."""
    ended: SimpleQueue[Session] = SimpleQueue()
    smtp.on_session_end(ended.put)
    smtp.faults.limit("connections", 1)
    with RawClient(smtp.port(587)) as first:
        assert first.read_reply().startswith("220")
        with RawClient(smtp.port(587)) as second:
            assert second.read_reply().startswith("421 4.7.0")
            assert second.read_to_end() == b""
        ended.get()
    ended.get()
    with RawClient(smtp.port(587)) as third:
        assert third.read_reply().startswith("220")


def run_at_random(seed: int) -> list[str]:
    """Send RCPT from four clients at once; return the replies of each client."""
    with FakeSMTP(ports={587: 0}, accounts=[KEYS]) as smtp:
        smtp.faults.fail("rcpt", probability=0.5, seed=seed, per="recipient")

        def talk(number: int) -> str:
            with RawClient(smtp.port(587)) as client:
                client.log_in()
                client.ask("MAIL FROM:<a@example.com>")
                rcpt = f"RCPT TO:<{number}@example.org>"
                return " ".join(client.ask(rcpt)[:3] for _ in range(20))

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(talk, range(4)))


def test_the_same_seed_gives_the_same_run() -> None:
    """Concurrent clients meet the same faults in every run with the same seed."""
    first = run_at_random(7)
    assert first == run_at_random(7)
    assert first != run_at_random(8)
    assert all("451" in replies and "250" in replies for replies in first)


def test_slow_link_delivers_messages(smtp: FakeSMTP) -> None:
    """A message over a slow link arrives complete."""
    smtp.faults.fault("data", bytes_per_second=200_000)
    body = b"Subject: hello\r\n\r\n" + b"0123456789\r\n" * 500
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        client.send(body + b".\r\n")
        assert client.read_reply() == ACCEPTED
    assert smtp.messages[0].raw == body
