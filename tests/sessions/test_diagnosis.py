"""The diagnosis of a session without a message, over real connections and from files."""

from __future__ import annotations

import socket
import ssl
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from raw_client import PATIENCE, RawClient

from fakesmtp import FakeSMTP, NoMatchingMessage
from fakesmtp.protocol.conversation import LONE_DOT
from fakesmtp.server import engine_of
from fakesmtp.sessions.causes import NO_GREETING
from fakesmtp.sessions.diagnosis import describe_failures
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.loading import load
from fakesmtp.web.pages.sentences import Sentences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Recorder

    from fakesmtp import Session

KOREAN = Sentences("ko")
NOT_LISTED = "does it need what EHLO did not list, such as AUTH CRAM-MD5, or STARTTLS inside TLS?"
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def diagnosis(recorder: Recorder) -> str:
    """Wait for the end of a session; return its diagnosis.

    Its file must have it too, and the page must have it in Korean.
    """
    session = recorder.next_session()
    recorder.ended.put(session)
    assert recorder.next_recording().diagnosis == session.diagnosis
    assert not session.diagnosis or KOREAN.translate("why", session.diagnosis).language == "ko"
    return session.diagnosis


def talk(recorder: Recorder, sent: bytes, *, port: int = 587) -> str:
    """Send bytes and close; return the diagnosis."""
    with RawClient(recorder.port(port)) as client:
        client.send(sent)
        client.half_close()
        client.read_to_end()
    return diagnosis(recorder)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", "the client sent nothing; client closed the connection"),
        (CLIENT_HELLO, "the client started TLS on a STARTTLS port"),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "a PROXY protocol header came first"),
        (b"GET / HTTP/1.1\r\n", "the client speaks HTTP"),
        (b"QUIT\r\n", "the client sent only QUIT"),
        (b"EHLO a\r\nQUIT\r\n", f"no message came; quit after 'EHLO a': {NOT_LISTED}"),
        (
            b"EHLO a\r\n",
            f"no message came; client closed the connection after 'EHLO a': {NOT_LISTED}",
        ),
        (b"EHLO a\r\nNOOP\r\n", "no message came; client closed the connection after 'NOOP'"),
        (b"EHLO a\r\nMAIL FR", "client closed the connection: in the middle of a command line"),
        (b"RCPT TO:<a@example.org>\r\n", "refused: RCPT TO:<a@example.org> -> 503 "),
        (b"\r\n", "refused: blank line -> 500 "),
        (
            b"STARTTLS\r\nEHLO a\r\n",
            "refused: STARTTLS -> 451 Unable to process request (plaintext commands came after",
        ),
        (b"EHLO a\r\n" + b"X" * 9_000 + b"\r\n", "refused: over-long line -> 500 "),
        (b"X" * 500 + b"\r\n", f"refused: {'X' * 300}… (500 characters) -> 500 "),
    ],
)
def test_client_without_a_message(recorder: Recorder, sent: bytes, says: str) -> None:
    """The diagnosis is one line that says what the client did instead of sending a message."""
    diagnosis = talk(recorder, sent)
    assert diagnosis.startswith(says)
    assert "\n" not in diagnosis


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"Subject: x\r\n", "in the middle of a message, after 12 bytes"),
        (b"Subject: x\r\nabc", "in the middle of a message, after 15 bytes"),
        (b"x\n.\n", LONE_DOT.text),
    ],
)
def test_message_without_an_end(recorder: Recorder, body: bytes, says: str) -> None:
    """The diagnosis has the bytes of an incomplete message, also after a complete message."""
    for is_second in (False, True):
        with RawClient(recorder.port()) as client:
            client.log_in()
            if is_second:
                client.begin_data()
                client.ask("Subject: x\r\n.")
            client.begin_data()
            client.send(body)
            client.half_close()
            client.read_to_end()
        assert diagnosis(recorder).endswith(says)


def test_idle_in_the_middle_of_a_message(record: Callable[..., Recorder]) -> None:
    """The diagnosis of an idle client says that it stopped in the middle of a message."""
    recorder = record(idle_timeout=0.3)
    with RawClient(recorder.port()) as client:
        client.log_in()
        client.begin_data()
        client.send(b"x\r\n")
        client.read_to_end()
    assert diagnosis(recorder) == "idle for too long: in the middle of a message, after 3 bytes"


def test_failed_handshake(recorder: Recorder) -> None:
    """The diagnosis of a failed handshake has the likely cause."""
    with pytest.raises(ssl.SSLError):
        RawClient(recorder.port(465), ssl.create_default_context())
    assert diagnosis(recorder).startswith("TLS handshake failed: the client does not trust the")


def test_handshake_for_another_host_name(recorder: Recorder) -> None:
    """The diagnosis asks about the host name when a client of OpenSSL refuses the certificate."""
    context = recorder.smtp.client_context()
    with (
        socket.create_connection(("127.0.0.1", recorder.port(465)), timeout=PATIENCE) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(plain, server_hostname="mail.example.com")
    assert "is the host name in it?" in diagnosis(recorder)


def test_outcome_of_tls_on_a_starttls_port(recorder: Recorder) -> None:
    """A list of sessions says that a client started TLS on a STARTTLS port."""
    why = talk(recorder, CLIENT_HELLO)
    (session,) = recorder.smtp.sessions
    assert ListedSession.of(session).outcome == why


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ("", "the client left right after the TLS handshake: does it trust the CA"),
        ("QUIT", "the client sent only QUIT inside TLS: does it trust the CA"),
        (
            "EHLO a",
            f"no message came; client closed the connection after 'EHLO a': {NOT_LISTED}",
        ),
    ],
)
def test_client_that_leaves_inside_tls(recorder: Recorder, sent: str, says: str) -> None:
    """If a client leaves right after the handshake, the diagnosis names trust and host name."""
    context = recorder.smtp.client_context()
    for port in (465, 587):
        with RawClient(recorder.port(port), context if port == 465 else None) as client:
            client.read_reply()
            if port == 587:
                client.ask("EHLO a")
                client.ask("STARTTLS")
                client.start_tls(context)
            if sent:
                client.ask(sent)
            client.half_close()
            client.read_to_end()
        assert diagnosis(recorder).startswith(says)


def test_session_with_a_message_has_no_diagnosis(recorder: Recorder) -> None:
    """A session with a message has no diagnosis, although a command was refused before."""
    with RawClient(recorder.port()) as client:
        client.log_in()
        client.ask("NONSENSE")
        client.begin_data()
        client.ask("Subject: x\r\n.")
        client.ask("QUIT")
    assert diagnosis(recorder) == ""


def test_planned_faults(recorder: Recorder) -> None:
    """The diagnosis marks a planned fault that refuses or closes."""
    recorder.smtp.faults.fault("greeting", "reply", reply="554 No", name="no", times=1)
    refused = talk(recorder, b"")
    assert refused.startswith("planned fault 'no': ")
    recorder.smtp.faults.fault("mail", "drop", name="gone")
    assert talk(recorder, b"EHLO a\r\nMAIL FROM:<a@b.c>\r\n").startswith("planned fault 'gone': ")
    first, _ = recorder.smtp.sessions
    assert str(first.refusals[0]).startswith("greeting -> 554 No (planned fault 'no': ")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nNONSENSE\r\n", "a PROXY protocol header came"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", "the client speaks HTTP"),
    ],
)
def test_other_protocol_is_a_reason(recorder: Recorder, sent: bytes, reason: str) -> None:
    """The first refusal names the other protocol of the client, live and in the file."""
    talk(recorder, sent)
    (live,) = recorder.smtp.sessions
    (path,) = recorder.folder.iterdir()
    for session in (live, load(path)):
        first, second = session.refusals
        assert first.reason.startswith(reason)
        assert not second.reason


@pytest.mark.parametrize(
    ("port", "sent", "says"),
    [
        (587, b"", "the client sent nothing; no end is recorded"),
        (587, b"NOOP\r\n", "no message came; no end is recorded after 'NOOP'"),
        (465, b"", "the client sent nothing; no end is recorded"),
    ],
)
def test_recording_of_a_killed_server(
    recorder: Recorder, tmp_path: Path, port: int, sent: bytes, says: str
) -> None:
    """The diagnosis of a recording without an end does not say that the session is open."""
    talk(recorder, sent, port=port)
    (path,) = recorder.folder.iterdir()
    killed = tmp_path / "killed.jsonl"
    killed.write_bytes(path.read_bytes().rpartition(b'{"at"')[0])
    session = load(killed)
    assert session.diagnosis == says
    assert "open" not in repr(session)
    assert KOREAN.translate("why", says).language == "ko"


def test_timeout_error_lists_sessions(recorder: Recorder) -> None:
    """The timeout error lists refused sessions, sessions without a message, and open sessions."""
    talk(recorder, b"NONSENSE\r\n")
    talk(recorder, b"EHLO a\r\nQUIT\r\n")
    with RawClient(recorder.port(465)):
        # A change of terms waits until all earlier connections have begun their sessions.
        engine_of(recorder.smtp).change_terms(engine_of(recorder.smtp).terms)
        with pytest.raises(NoMatchingMessage) as raised:
            recorder.smtp.wait_for(timeout=0)
    first, second, third = (session.id for session in recorder.smtp.sessions)
    waiting = f"the client is connected, and TLS has not begun: {NO_GREETING}"
    assert str(raised.value).split("\n")[3:] == [
        "refused sessions:",
        f"  session {first} on port 587: NONSENSE -> 500 5.5.1 Command NONSENSE unrecognized.",
        "sessions without a message:",
        f"  session {second} on port 587: no message came; quit after 'EHLO a': {NOT_LISTED}",
        f"  session {third} on port 465: {waiting}",
    ]


def test_only_the_newest_sessions_are_listed(recorder: Recorder) -> None:
    """The error lists five sessions of each kind, and the number of earlier ones."""
    for _ in range(7):
        talk(recorder, b"QUIT\r\n")
    title, *lines = describe_failures(recorder.smtp.sessions)
    assert (title, len(lines)) == ("sessions without a message (and 2 earlier):", 5)


def test_sessions_without_events() -> None:
    """Without events the diagnosis has only the end of the session."""
    with FakeSMTP(ports={587: 0}, max_events=0) as smtp:
        ended: SimpleQueue[Session] = SimpleQueue()
        smtp.on_session_end(ended.put)
        with RawClient(smtp.port(587)) as client:
            client.send(b"EHLO secret\r\nNOOP\r\n")
            client.half_close()
            client.read_to_end()
        assert ended.get(timeout=PATIENCE).diagnosis == (
            "no message came; client closed the connection after 'a line that is not recorded'"
        )
