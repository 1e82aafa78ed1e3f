"""A client that floods the server takes turns with the other clients."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE, RawClient

from fakesmtp.sessions.events import ServerReply

if TYPE_CHECKING:
    from fakesmtp import FakeSMTP, Session

FLOOD = 5_000
#: Numbers of lines around the one after which a client waits for its turn, and around the next.
LENGTHS = range(16, 28)


def reply_times(session: Session) -> list[float]:
    """Return the times of a session's replies, in seconds."""
    replies = [event for event in session.events if isinstance(event, ServerReply)]
    return [session.started_at.timestamp() + event.at / 1_000_000 for event in replies]


def test_flood_is_interrupted(smtp: FakeSMTP) -> None:
    """A client with a single line does not wait for the whole flood of another client."""
    reached, may_go_on = Event(), Event()

    def hold_the_loop(_: Session) -> None:
        reached.set()
        may_go_on.wait(PATIENCE)

    port = smtp.port(587)
    with RawClient(port) as flooding, RawClient(port) as modest, RawClient(port) as last:
        for client in (flooding, modest, last):
            client.read_reply()
        unsubscribe = smtp.on_session_end(hold_the_loop)
        last.send(b"QUIT\r\n")
        assert reached.wait(PATIENCE)
        unsubscribe()
        flooding.send(b"NOOP\r\n" * FLOOD)
        modest.send(b"NOOP\r\n")
        may_go_on.set()
        modest.read_reply()
        for _ in range(FLOOD):
            flooding.read_reply()
    flood, line, _ = smtp.sessions
    (_, answered) = reply_times(line)
    earlier = [at for at in reply_times(flood) if at < answered]
    assert len(earlier) < FLOOD // 10


def ask_after(client: RawClient, lines: int, command: bytes) -> str:
    """Send a command in one packet with lines before it; return the reply to the command."""
    client.read_reply()
    client.send(b"NOOP\r\n" * lines + command + b"\r\n")
    return [client.read_reply() for _ in range(lines + 1)][-1]


@pytest.mark.parametrize("lines", LENGTHS)
def test_quit_closes_after_any_number_of_pipelined_lines(smtp: FakeSMTP, lines: int) -> None:
    """QUIT closes the connection, also where the client's turn ends with it."""
    with RawClient(smtp.port(587)) as client:
        assert ask_after(client, lines, b"QUIT").startswith("221 ")
        assert client.socket.recv(1) == b""


@pytest.mark.parametrize("lines", LENGTHS)
def test_starttls_begins_after_any_number_of_pipelined_lines(smtp: FakeSMTP, lines: int) -> None:
    """STARTTLS begins TLS, also where the client's turn ends with it."""
    with RawClient(smtp.port(587)) as client:
        assert ask_after(client, lines, b"STARTTLS").startswith("220 ")
        client.start_tls(smtp.client_context())
        assert client.ask("NOOP") == "250 2.0.0 OK"
