"""Recordings of complete sessions over real connections, mostly of sessions that fail."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

from fakesmtp.protocol.conversation import (
    DROPPED_MESSAGE_LINE,
    EARLY_PIPELINING,
    LONE_DOT,
)
from fakesmtp.sessions import ClosedBy, Outcome, Phase, notes
from fakesmtp.sessions.events import KINDS, FaultApplied, Note, ProxyHeaderRead

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Recorder


def reset(client: RawClient) -> None:
    """Close a connection with a reset."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


def test_reset_in_the_middle_of_a_message(recorder: Recorder) -> None:
    """The recording has the reset, and says that a message was incomplete."""
    client = RawClient(recorder.port())
    client.log_in()
    client.begin_data()
    client.send(b"Subject: half\r\n")
    reset(client)
    recording = recorder.next_recording()
    assert recording.closed_by is ClosedBy.RESET
    assert "in the middle of a message" in recording.ending
    (transaction,) = recording.transactions
    assert transaction.outcome is Outcome.ABANDONED
    assert transaction.rcpt_tos == ("rcpt@example.org",)


def test_half_a_command(recorder: Recorder) -> None:
    """The recording says that the last line had no end, and shows only its command."""
    with RawClient(recorder.port()) as client:
        client.read_reply()
        client.send(b"MAIL FROM:<secret")
        client.half_close()
        client.read_to_end()
    recording = recorder.next_recording()
    assert recording.closed_by is ClosedBy.CLIENT
    assert recording.ending.endswith("in the middle of a command line (MAIL…, 17 bytes)")
    assert "secret" not in recording.transcript()


@pytest.mark.parametrize("sizes", [[9000], [8195, 805], [8194, 1, 805]])
def test_half_of_a_long_command(recorder: Recorder, sizes: list[int]) -> None:
    """The recording says so, however the line arrives."""
    with RawClient(recorder.port()) as client:
        client.read_reply()
        for size in sizes:
            client.send(b"x" * size)
        client.half_close()
        client.read_to_end()
    recording = recorder.next_recording()
    assert recording.ending.endswith("in the middle of a command line of more than 8192 bytes")


def test_idle(record: Callable[..., Recorder]) -> None:
    """The recording says that the idle limit was reached."""
    recorder = record(idle_timeout=0.05)
    with RawClient(recorder.port()) as client:
        client.read_to_end()
    assert recorder.next_recording().closed_by is ClosedBy.IDLE


def test_stop_of_the_server(recorder: Recorder) -> None:
    """The recording says that the server was stopped."""
    with RawClient(recorder.port()) as client:
        client.read_reply()
        recorder.smtp.stop()
    assert recorder.next_recording().closed_by is ClosedBy.STOP


def test_client_that_does_not_trust_the_ca(recorder: Recorder) -> None:
    """The recording of a failed handshake has the client's reason."""
    with pytest.raises(ssl.SSLError):
        RawClient(recorder.port(465), ssl.create_default_context())
    recording = recorder.next_recording()
    assert recording.closed_by is ClosedBy.TLS
    assert recording.tls_failure is not None
    assert "the client does not trust the authority" in recording.tls_failure
    assert "unknown ca" in recording.tls_failure
    assert recording.events[-1].phase is Phase.TLS


def test_plaintext_on_an_implicit_tls_port(recorder: Recorder) -> None:
    """The recording says that the client sent plaintext on a port with implicit TLS."""
    with RawClient(recorder.port(465)) as client:
        client.send(b"EHLO client\r\n")
        client.read_to_end()
    assert "the client sent plaintext where TLS was expected" in (
        recorder.next_recording().tls_failure or ""
    )


def test_facts_of_a_complete_session(recorder: Recorder) -> None:
    """Session and file have client, port, TLS, account, envelope and outcome."""
    context = recorder.smtp.client_context()
    with RawClient(recorder.port()) as client:
        local_port = client.socket.getsockname()[1]
        client.read_reply()
        client.ask("STARTTLS")
        client.start_tls(context)
        client.ask("EHLO client")
        client.ask("AUTH PLAIN AEFwcEtleSNhZABTZWNyZXRLZXk=")
        client.begin_data()
        client.ask("Subject: x\r\n\r\nx\r\n.")
        client.ask("MAIL FROM:<a@example.com> SIZE=10")
        client.ask("RCPT TO:<@>")
        client.ask("RSET")
        client.ask("QUIT")
    session = recorder.next_session()
    recorder.ended.put(session)
    for each in (session, recorder.next_recording()):
        assert (each.port, each.local_port) == (587, recorder.port())
        assert each.peer == f"127.0.0.1:{local_port}"
        assert each.tls is not None
        assert (each.tls.version, each.tls.sni, each.tls.alpn) == ("TLSv1.3", "localhost", None)
        assert each.tls.handshake > 0
        assert (each.app_key, str(each.mail_type), each.mechanism) == ("AppKey", "ad", "PLAIN")
        assert each.message_count == 1
        assert each.closed_by is ClosedBy.QUIT
        taken, refused = each.transactions
        assert (taken.mail_from, taken.rcpt_tos) == ("sender@example.com", ("rcpt@example.org",))
        assert taken.outcome is Outcome.DELIVERED
        assert taken.message is not None
        assert each.digest(taken.message) == (
            "bba0f4af655951bf67a87e5b9098b436f502a2d5e0d94a4c3859af52e0bf953a"
        )
        assert (refused.mail_from, refused.mail_parameters) == ("a@example.com", ("SIZE=10",))
        assert refused.outcome is Outcome.REFUSED
        assert [refusal.command for refusal in refused.refusals] == ["RCPT TO:<@>"]
        assert [refusal.reply.code for refusal in each.refusals] == [553]


def test_sender_without_brackets(recorder: Recorder) -> None:
    """A sender that MAIL refuses is shown as sent, not as the null sender."""
    with RawClient(recorder.port()) as client:
        client.log_in()
        client.ask("MAIL FROM: a@example.com")
        client.ask("QUIT")
    (transaction,) = recorder.next_recording().transactions
    assert (transaction.mail_from, transaction.outcome) == ("a@example.com", Outcome.REFUSED)


def test_message_over_the_limit(record: Callable[..., Recorder]) -> None:
    """The recording has the size of a discarded message, and its transaction is refused."""
    recorder = record(max_message_size=10)
    with RawClient(recorder.port()) as client:
        client.log_in()
        client.begin_data()
        client.ask("more than ten bytes\r\n.")
        client.ask("QUIT")
    recording = recorder.next_recording()
    (transaction,) = recording.transactions
    assert transaction.outcome is Outcome.REFUSED
    assert transaction.message is not None
    assert (transaction.message.message_id, recording.message_count) == ("", 0)
    assert recording.refusals[0].command == "end of data"


@pytest.mark.parametrize(
    ("sent", "note"),
    [
        (b"EHLO a\r\nNOOP\r\nQUIT\r\n", EARLY_PIPELINING.text),
        (b"NOOP " + b"x" * 508 + b"\r\nQUIT\r\n", notes.LONG_COMMAND),
        (b"NOOP \xed\x95\x9c\r\nQUIT\r\n", notes.EIGHT_BIT_COMMAND),
        (b"EHLO a\r\nSTARTTLS\r\nNOOP\r\n", "refused because plaintext commands came after"),
        (b"NOOP\nQUIT\r\n", "a bare LF ended"),
        (b"AUTH PLAIN x\r\nQUIT\r\n", notes.AUTH_IN_CLEAR),
        (b"EHLO a\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n", notes.BODY_AS_COMMANDS),
        (b"data\r\n.\r\nQUIT\r\n", notes.BODY_AS_COMMANDS),
    ],
)
def test_notes_about_commands(recorder: Recorder, sent: bytes, note: str) -> None:
    """Unusual commands of a client get a note."""
    with RawClient(recorder.port()) as client:
        client.send(sent)
        client.read_to_end()
    assert any(note in noted for noted in recorder.next_recording().notes)


@pytest.mark.parametrize("after", ["more text", "\xed\x95\x9c"])
def test_note_about_text_after_a_message(recorder: Recorder, after: str) -> None:
    """Text after a message gets a note about dots that were not doubled; a command does not."""
    with RawClient(recorder.port()) as client:
        client.log_in()
        for line in ("NOOP", after):
            client.begin_data()
            client.ask("Subject: x\r\n\r\nx\r\n.")
            client.ask(line)
        client.ask("QUIT")
    noted = recorder.next_recording().notes
    assert noted.count(notes.TEXT_AFTER_MESSAGE) == 1


@pytest.mark.parametrize(
    ("parameters", "message", "noted"),
    [
        ("", b"Subject: x\r\n\r\nx\r\n", ()),
        ("", b"\xed\x95\x9c\r\n", (notes.EIGHT_BIT_MESSAGE,)),
        (" BODY=8bitMIME", b"\xed\x95\x9c\r\n", ()),
        ("", b"x" * 998 + b"\r\n", ()),
        ("", b"x" * 999 + b"\r\n", (notes.LONG_MESSAGE_LINE,)),
        ("", b"", (notes.EMPTY_MESSAGE,)),
        ("", b"Subject: x\r\n\r\n", ()),
        ("", b"a\r\n" * 400 + b"x" * 999 + b"\r\n", (notes.LONG_MESSAGE_LINE,)),
        ("", b"x" * 999 + b"\r\n" + b"a\r\n" * 400, (notes.LONG_MESSAGE_LINE,)),
        (
            "",
            b"x" * 999 + b"\n" + b"a\r\n" * 400,
            (
                notes.LONG_MESSAGE_LINE,
                f"{notes.BARE_LF_IN_MESSAGE}: 1, the first in line 1 at byte 999",
            ),
        ),
        (
            "",
            b"Subject: x\r\n\r\na\r\nb\nc\nd\r\n",
            (f"{notes.BARE_LF_IN_MESSAGE}: 2, the first in line 4 at byte 18",),
        ),
        ("", b"a\r\nb\rc\r\n", (f"{notes.BARE_CR_IN_MESSAGE}: 1, the first in line 2 at byte 4",)),
        (
            "",
            b"a\r\n\rb\r\r\nc\r\n",
            (
                f"{notes.DOUBLE_CR_IN_MESSAGE}: 1, the first in line 2 at byte 5",
                f"{notes.BARE_CR_IN_MESSAGE}: 1, the first in line 2 at byte 3",
            ),
        ),
        (
            "",
            b"a\r\r\nb\nc\r\n",
            (
                f"{notes.BARE_LF_IN_MESSAGE}: 1, the first in line 2 at byte 5",
                f"{notes.DOUBLE_CR_IN_MESSAGE}: 1, the first in line 1 at byte 1",
            ),
        ),
        ("", b"a\0b\0\r\n", (f"{notes.NUL_IN_MESSAGE}: 2, the first in line 1 at byte 1",)),
        (
            "",
            b"a\n.\nb\r\n",
            (
                LONE_DOT.text,
                f"{notes.BARE_LF_IN_MESSAGE}: 2, the first in line 1 at byte 1",
            ),
        ),
        # These are dot-stuffed, so the client knows where its message ends.
        ("", b"a\n..\nb\r\n", (f"{notes.BARE_LF_IN_MESSAGE}: 2, the first in line 1 at byte 1",)),
        ("", b"a\r\n..\r\n.b\r\n", ()),
    ],
)
def test_notes_about_messages(
    recorder: Recorder, parameters: str, message: bytes, noted: tuple[str, ...]
) -> None:
    """Unusual message data gets a note, and ordinary data does not."""
    with RawClient(recorder.port(465), recorder.smtp.client_context()) as client:
        client.log_in()
        client.ask(f"MAIL FROM:<a@example.com>{parameters}")
        client.ask("RCPT TO:<b@example.org>")
        client.ask("DATA")
        client.send(message + b".\r\nQUIT\r\n")
        client.read_to_end()
    assert recorder.next_recording().notes == noted


@pytest.mark.parametrize("rest", [b"\r\n.\n", b"\n.\n", b"\n.\r\n"])
def test_dot_that_does_not_end_the_message(recorder: Recorder, rest: bytes) -> None:
    """The end of the session explains that a client ended its message with a bare LF and waited."""
    with RawClient(recorder.port()) as client:
        client.log_in()
        client.begin_data()
        client.send(b"Subject: x\r\n\r\nx" + rest)
        client.half_close()
        client.read_to_end()
    recording = recorder.next_recording()
    assert recording.ending.endswith(f"bytes; {LONE_DOT.text}")


def test_dropped_line_marks_its_message(recorder: Recorder) -> None:
    """A message is marked if lines of it were dropped; the next message is not."""
    with RawClient(recorder.port(465), recorder.smtp.client_context()) as client:
        client.log_in()
        for lines in (2, 0):
            client.begin_data()
            client.send(b"Subject: x\r\n\r\n" + (b"x" * 9000 + b"\r\n") * lines + b".\r\n")
            client.read_lines(lines + 1)
        client.ask("QUIT")
    assert DROPPED_MESSAGE_LINE.text in recorder.next_recording().notes
    marked, whole = recorder.smtp.messages
    assert (marked.dropped_lines, whole.dropped_lines) == (2, 0)
    assert "2 over-long lines were dropped" in repr(marked)
    assert "dropped" not in repr(whole)


def test_ordinary_client_has_no_notes(recorder: Recorder) -> None:
    """A client without mistakes gets no notes."""
    with RawClient(recorder.port(465), recorder.smtp.client_context()) as client:
        client.log_in()
        client.begin_data()
        client.ask("Subject: x\r\n\r\nx\r\n.")
        client.ask("QUIT")
    recording = recorder.next_recording()
    assert recording.notes == ()
    assert {event.kind for event in recording.events} == set(KINDS) - {
        Note.kind,
        FaultApplied.kind,
        ProxyHeaderRead.kind,
    }
