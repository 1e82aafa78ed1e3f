"""A recording is replayed against the dialogue and over real connections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from driver import Driver
from raw_client import RawClient
from scenarios import KEYS, Scenario, read_scenario

from fakesmtp.errors import RecordingError
from fakesmtp.sessions.compare import compare
from fakesmtp.sessions.replay import as_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Recorder

    from fakesmtp import Session

SECRET = KEYS[1]
#: The writes of a client, with every kind of masked line and of reply.
TALKS = {
    "delivery": [
        b"EHLO a\r\n",
        b"AUTH PLAIN AEFwcEtleSNhZABTZWNyZXRLZXk=\r\n",
        b"MAIL FROM:<a@example.com>\r\n",
        b"RCPT TO:<b@example.org>\r\n",
        b"DATA\r\n",
        b"Subject: x\r\n\r\n..\r\n...two dots\r\n.\r\n",
        b"QUIT\r\n",
    ],
    "login in steps": [
        b"auth login\r\n",
        b"QXBwS2V5I2F1dGg=\r\n",
        b"U2VjcmV0S2V5\r\n",
        b"MAIL FROM:<>\r\n",
    ],
    "plain in steps": [b"AUTH PLAIN\r\n", b"AEFwcEtleQBTZWNyZXRLZXk=\r\n", b"QUIT\r\n"],
    "login at once": [b"AUTH LOGIN QXBwS2V5\r\n", b"U2VjcmV0S2V5\r\n"],
    "wrong keys": [b"AUTH PLAIN AEFwcEtleQB3cm9uZw==\r\n", b"QUIT now\r\n"],
    "strange lines": [b"NOOP\n", b"H\xc3\xa9lo\r\n", b"RCPT TO:<x>\r\n", b"  RSET\t\r\n"],
}


def record_talk(recorder: Recorder, lines: list[bytes]) -> Session:
    """Send these lines, and wait for each reply."""
    with RawClient(recorder.port()) as client:
        client.read_reply()
        for line in lines:
            client.send(line)
            client.read_reply()
    return recorder.next_session()


def play_in_memory(scenario: Scenario) -> None:
    """Replay a scenario against the dialogue."""
    driver = Driver(tls=scenario.implicit_tls)
    for step in scenario.steps:
        assert driver.take_replies() + driver.send(step.send) == step.expect
        assert driver.closed == step.closed
    delivered = [(d.envelope.mail_from, d.envelope.rcpt_tos, d.raw) for d in driver.delivered]
    assert delivered == scenario.delivered


@pytest.mark.parametrize("name", TALKS)
def test_recording_is_replayed(recorder: Recorder, name: str) -> None:
    """The scenario of a session gets the same replies, in memory and over a connection."""
    session = record_talk(recorder, TALKS[name])
    made = as_scenario(session, secret_key=SECRET)
    scenario = read_scenario(json.loads(json.dumps(made)))
    play_in_memory(scenario)
    assert [raw for _, _, raw in scenario.delivered or []] == [
        message.raw for message in recorder.smtp.messages
    ]
    again = record_talk(recorder, [step.send for step in scenario.steps[1:]])
    assert compare(session, again) is None


def test_recording_of_a_file_is_replayed(recorder: Recorder) -> None:
    """Without the message, invented data of its size is sent."""
    record_talk(recorder, TALKS["delivery"])
    (path,) = recorder.folder.iterdir()
    session = recorder.smtp.sessions[0]
    recorder.ended.put(session)
    recording = recorder.next_recording()
    scenario = read_scenario(as_scenario(recording, secret_key=SECRET))
    play_in_memory(scenario)
    assert scenario.delivered is not None
    ((_, _, raw),) = scenario.delivered
    assert len(raw) == len(b"Subject: x\r\n\r\n.\r\n..two dots\r\n")
    assert path.exists()
    own = read_scenario(
        as_scenario(
            recording,
            secret_key=SECRET,
            data={
                message.message.message_id: b"own\r\n"
                for message in recording.transactions
                if message.message
            },
        )
    )
    play_in_memory(own)


def test_tls_is_part_of_a_scenario(recorder: Recorder) -> None:
    """A scenario has STARTTLS and implicit TLS."""
    context = recorder.smtp.client_context()
    with RawClient(recorder.port()) as client:
        client.read_reply()
        client.ask("STARTTLS")
        client.start_tls(context)
        client.ask("EHLO a")
    started = as_scenario(recorder.next_session(), secret_key=SECRET)
    assert [step.get("starttls", False) for step in started["steps"]] == [False, True, False]
    with RawClient(recorder.port(465), context) as client:
        client.read_reply()
    implicit = as_scenario(recorder.next_session(), secret_key=SECRET)
    assert (started["implicit_tls"], implicit["implicit_tls"]) == (False, True)
    assert len(implicit["steps"]) == 1


def test_session_that_cannot_be_replayed(
    recorder: Recorder, record: Callable[..., Recorder]
) -> None:
    """A session with an unknown masked part, or that was cut, is an error."""
    session = record_talk(recorder, [b"NOOP SecretKey\r\n"])
    with pytest.raises(RecordingError, match=r"'NOOP \*\*\*' is masked"):
        as_scenario(session, secret_key=SECRET)
    cut = record_talk(record(max_events=2), [b"NOOP\r\n", b"NOOP\r\n"])
    with pytest.raises(RecordingError, match="events of it were not kept"):
        as_scenario(cut, secret_key=SECRET)


@pytest.mark.parametrize("size", [0, 2, 3, 71, 72, 73, 74, 144, 145, 1000])
def test_invented_data_has_the_size(recorder: Recorder, size: int) -> None:
    """Invented data has the size of the message, whatever the size is."""
    data = b"z" * (size - 2) + b"\r\n" if size else b""
    lines = [*TALKS["delivery"][:5], data + b".\r\n"]
    session = record_talk(recorder, lines)
    recorder.smtp.clear()
    (message,) = as_scenario(session, secret_key=SECRET)["delivered"]
    assert len(message["body_latin1"]) == size
