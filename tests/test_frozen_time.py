"""A server works in real time while a test freezes, moves or patches time."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING

import freezegun
import pytest
from frozen import FREEZERS, PAST
from raw_client import RawClient

from fakesmtp import FakeSMTP, NoMatchingMessage
from fakesmtp.sessions import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AN_HOUR = 3600
OPEN = {"ports": {587: 0}, "require_auth": False}
LINES = [
    b"EHLO c.example\r\n",
    b"MAIL FROM:<a@example.com>\r\n",
    b"RCPT TO:<b@example.com>\r\n",
    b"DATA\r\n",
    b"Subject: hi\r\n\r\n.\r\n",
]
REPLIES = [
    "250 2.1.0 Sender <a@example.com> OK",
    "250 2.1.5 Recipient <b@example.com> OK",
    "354 Ok Send data ending with <CRLF>.<CRLF>",
    "250 Command accepted",
]


@pytest.fixture(params=FREEZERS)
def real(request: pytest.FixtureRequest) -> Iterator[float]:
    """Freeze time in the past; return the real time."""
    before = time.time()
    with FREEZERS[request.param]():
        yield before


def send(client: RawClient) -> list[str]:
    """Send a message; return the replies after the one to EHLO."""
    replies = []
    for data in LINES:
        client.send(data)
        replies.append(client.read_reply())
    return replies[1:]


@pytest.mark.usefixtures("real")
def test_planned_delay_ends() -> None:
    """A planned delay lasts in real time, and the message arrives."""
    with FakeSMTP(**OPEN) as smtp:
        smtp.faults.delay("mail", seconds=0.01)
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            assert send(client) == REPLIES
            assert smtp.wait_for(subject="hi")


@pytest.mark.usefixtures("real")
def test_idle_client_is_closed() -> None:
    """The idle limit is measured in real time."""
    with FakeSMTP(**OPEN, idle_timeout=0.01) as smtp, RawClient(smtp.port(587)) as client:
        assert client.read_reply().startswith("220")
        with pytest.raises(EOFError):
            client.read_line()
        assert smtp.sessions[0].closed_by is ClosedBy.IDLE


@pytest.mark.usefixtures("real")
def test_timeout_ends() -> None:
    """`wait_for` ends after its timeout, although other messages arrive."""
    with FakeSMTP(**OPEN) as smtp, RawClient(smtp.port(587)) as client:
        client.read_reply()
        send(client)
        with pytest.raises(NoMatchingMessage):
            smtp.wait_for(subject="another", timeout=0.01)


def test_times_are_real(real: float, tmp_path: Path) -> None:
    """Messages, sessions and recordings have the real time, as with a server on another machine."""
    with FakeSMTP(**OPEN, record_dir=tmp_path) as smtp:
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            send(client)
            client.send(b"QUIT\r\n")
            client.read_reply()
        message, session = smtp.wait_for(subject="hi"), smtp.sessions[0]
        for at in (message.received_at, session.started_at):
            assert real <= at.timestamp() < real + AN_HOUR
    (file,) = tmp_path.glob("*.jsonl")
    header = json.loads(file.read_text().splitlines()[0])
    assert real <= dt.datetime.fromisoformat(header["started_at"]).timestamp() < real + AN_HOUR


@pytest.mark.parametrize("freezer", FREEZERS)
def test_freezing_in_the_middle_of_a_session(freezer: str) -> None:
    """A test's clock that moves back and forth does not affect an open session."""
    with FakeSMTP(**OPEN) as smtp, RawClient(smtp.port(587)) as client:
        client.read_reply()
        with FREEZERS[freezer]():
            frozen = send(client)
        thawed = send(client)
        assert frozen == thawed == REPLIES
        times = [event.at for event in smtp.sessions[0].events]
        assert times == sorted(times)


def test_frozen_clock_that_moves_back() -> None:
    """A test that moves its frozen clock back does not affect an open session."""
    with (
        freezegun.freeze_time(PAST) as frozen,
        FakeSMTP(**OPEN) as smtp,
        RawClient(smtp.port(587)) as client,
    ):
        client.read_reply()
        frozen.move_to(PAST - dt.timedelta(days=1))
        assert send(client) == REPLIES


@pytest.mark.parametrize("freezer", FREEZERS)
def test_fault_by_the_time_of_day_uses_real_time(freezer: str) -> None:
    """A fault between two times of day uses the machine's clock, not the test's."""
    now = dt.datetime.now().astimezone()
    around = [(now + dt.timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 1)]
    with FREEZERS[freezer](), FakeSMTP(**OPEN) as smtp:
        smtp.faults.fail("mail", between=tuple(around))
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            assert send(client)[0] == "451 4.3.0 Try again later"
