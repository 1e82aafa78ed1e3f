"""One connection: TLS, limits, idle limit, internal errors, known mistakes of other servers."""

from __future__ import annotations

import ast
import gc
import inspect
import logging
import os
import re
import socket
import ssl
import struct
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from struct import pack
from threading import Event
from typing import TYPE_CHECKING

import aiosmtpd.smtp
import pytest
from raw_client import PATIENCE, RawClient, TlsInMemory
from scenarios import KEYS, load

from fakesmtp import NHN_CLOUD_EMAIL, FakeSMTP, Policy
from fakesmtp.errors import CertificateError
from fakesmtp.server import engine_of
from fakesmtp.sessions import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp import Session
    from fakesmtp.protocol.rows import Row


GREETING = "220 smtp-mail.nhncloudservice.com SMTP Server (NHN Cloud Email SMTP) ready"
READY_FOR_TLS = "220 2.0.0 Ready to start TLS"
AUTHENTICATED = "235 Authentication Successful"
SENDER_OK = "250 2.1.0 Sender <a@b.c> OK"
LOGIN_FIRST = "530 5.7.1 Authentication Required"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSMTP]:
    """Start a server that all tests of this module share."""
    with FakeSMTP(accounts=[KEYS]) as smtp:
        yield smtp


@pytest.fixture
def smtp(server: FakeSMTP) -> Iterator[FakeSMTP]:
    """Return the shared server, empty; restore its terms after the test."""
    terms = engine_of(server).terms
    server.clear()
    yield server
    engine_of(server).terms = terms


@pytest.fixture
def ends(smtp: FakeSMTP) -> Iterator[Callable[[], Session]]:
    """Return a function that waits for the next session to end and returns it."""
    over: SimpleQueue[Session] = SimpleQueue()
    forget = smtp.on_session_end(over.put)
    yield lambda: over.get(timeout=PATIENCE)
    forget()


@pytest.mark.parametrize("port", [25, 587, 2587])
def test_starttls_ports_greet_in_plaintext(smtp: FakeSMTP, port: int) -> None:
    """Ports 25, 587 and 2587 greet in plaintext, and offer STARTTLS only before TLS."""
    with RawClient(smtp.port(port)) as client:
        greeting = client.read_reply()
        assert greeting == GREETING
        assert "250-STARTTLS" in client.ask("EHLO a").split("\n")
        assert client.ask("STARTTLS") == READY_FOR_TLS
        client.start_tls(smtp.client_context())
        lines = client.ask("EHLO a").split("\n")
        assert "250-STARTTLS" not in lines
        assert lines[-2:] == ["250-AUTH LOGIN PLAIN", "250 AUTH=LOGIN PLAIN"]


@pytest.mark.parametrize("port", [465, 2465])
def test_implicit_tls_ports_begin_with_tls(smtp: FakeSMTP, port: int) -> None:
    """Ports 465 and 2465 begin with TLS, and offer and accept AUTH."""
    with RawClient(smtp.port(port), smtp.client_context()) as client:
        assert client.read_reply() == GREETING
        lines = client.ask("EHLO a").split("\n")
        assert "250-STARTTLS" not in lines
        assert "250-AUTH LOGIN PLAIN" in lines
        assert client.ask("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=") == AUTHENTICATED
    assert smtp.sessions[-1].tls is not None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions(smtp: FakeSMTP, version: ssl.TLSVersion) -> None:
    """TLS 1.2 and 1.3 both work, and the session has the version."""
    context = ssl.create_default_context(cafile=str(smtp.ca_file))
    context.minimum_version = context.maximum_version = version
    with RawClient(smtp.port(465), context) as client:
        client.read_reply()
    tls = smtp.sessions[-1].tls
    assert tls is not None
    assert tls.version == version.name.replace("v1_", "v1.")
    assert tls.handshake > 0


def test_replies_to_pipelined_commands_are_sent_in_one_write(smtp: FakeSMTP) -> None:
    """All replies to one packet are sent in one segment (RFC 2920 §3.2)."""
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.send(b"MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n")
        replies = client.socket.recv(65536)
    assert replies.count(b"\r\n") == 3


def test_message_is_stored_before_the_reply(smtp: FakeSMTP) -> None:
    """When the client has read 250, the message is in the mailbox."""
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        client.send(b"Subject: now\r\n\r\n\r\n.\r\n")
        assert client.read_reply() == "250 Command accepted"
        (message,) = smtp.messages
    assert message.raw == b"Subject: now\r\n\r\n\r\n"
    assert message.app_key == "AppKey"
    assert message.session_id == smtp.sessions[-1].id
    assert message.port == 587


def test_message_over_the_size_limit_is_refused_and_the_session_continues() -> None:
    """The rest of a message over the limit is discarded, and the next message is accepted."""
    with FakeSMTP(accounts=[KEYS], ports={587: 0}, max_message_size=1000) as smtp:
        with RawClient(smtp.port(587)) as client:
            client.log_in()
            client.begin_data()
            client.send(b"x" * 998 + b"\r\n" + b"y\r\n" * 100_000 + b".\r\n")
            assert client.read_reply() == "552 Quota exceeded"
            client.begin_data()
            client.send(b"z" * 998 + b"\r\n.\r\n")
            assert client.read_reply() == "250 Command accepted"
        assert [message.raw for message in smtp.messages] == [b"z" * 998 + b"\r\n"]


def test_message_of_50_mebibytes_is_kept(smtp: FakeSMTP) -> None:
    """A large message arrives byte for byte."""
    raw = (b"0123456789abcdef" * 4 + b"\r\n") * (50 * 1024 * 1024 // 66)
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        client.send(raw + b".\r\n")
        assert client.read_reply() == "250 Command accepted"
    assert smtp.messages[0].raw == raw


def test_idle_client_is_closed_silently() -> None:
    """After the idle limit the server closes without a reply, and the session has the cause."""
    with FakeSMTP(ports={587: 0}, idle_timeout=0.05) as smtp, RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.send(b"half a comm")
        assert client.read_to_end() == b""
        assert smtp.sessions[-1].closed_by is ClosedBy.IDLE


@pytest.mark.parametrize("begun", [b"", b"DATA\r\n"], ids=["command", "message"])
def test_bytes_without_a_line_end_are_not_activity(begun: bytes) -> None:
    """A client that sends single bytes and never a line end is idle."""
    options = {"ports": {587: 0}, "idle_timeout": 0.1, "auth_required_at": "never"}
    with FakeSMTP(**options) as smtp, RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.ask("EHLO a")
        if begun:
            client.begin_data()
        with suppress(OSError):
            while smtp.sessions[0].closed_by is None:
                client.send(b"x")
        assert smtp.sessions[0].closed_by is ClosedBy.IDLE


def test_idle_client_inside_tls_is_closed() -> None:
    """The idle limit also closes a session inside TLS, and one without a handshake."""
    with FakeSMTP(ports={465: 0, 587: 0}, idle_timeout=0.5) as short:
        with RawClient(short.port(465), short.client_context()) as client:
            client.read_reply()
            with pytest.raises((EOFError, ssl.SSLEOFError, ConnectionResetError)):
                client.read_line()
        with RawClient(short.port(465)) as client:
            assert client.read_to_end() == b""
        assert short.sessions[-1].closed_by is ClosedBy.IDLE


def test_plaintext_instead_of_a_handshake_is_recorded(
    smtp: FakeSMTP, ends: Callable[[], Session]
) -> None:
    """A client that sends plaintext to an implicit TLS port gets no reply, and is recorded."""
    with RawClient(smtp.port(465)) as client:
        client.send(b"EHLO a\r\n")
        client.read_to_end()
    assert ends().closed_by is ClosedBy.TLS


def test_client_that_trusts_another_ca_is_recorded(
    smtp: FakeSMTP, ends: Callable[[], Session]
) -> None:
    """A handshake that the client aborts leaves a session that names the cause."""
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        RawClient(smtp.port(465), context)
    session = ends()
    assert session.closed_by is ClosedBy.TLS
    assert "unknown ca" in session.events[-1].text.lower()


def test_reset_is_recorded_as_reset(smtp: FakeSMTP, ends: Callable[[], Session]) -> None:
    """A connection that is reset during DATA is recorded as reset, not as closed."""
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        client.send(b"half a mess")
        linger = struct.pack("ii", 1, 0)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert ends().closed_by is ClosedBy.RESET
    assert smtp.messages == []


def test_plaintext_commands_after_starttls_are_refused(smtp: FakeSMTP) -> None:
    """Injected commands are refused and end the connection (CVE-2011-0411)."""
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.send(b"STARTTLS\r\nNOOP\r\n")
        assert client.read_reply() == "451 Unable to process request"
        assert client.read_to_end() == b""
    assert any("CVE-2011-0411" in event.text for event in smtp.sessions[-1].events)


def test_plaintext_after_starttls_is_not_processed(
    smtp: FakeSMTP, ends: Callable[[], Session]
) -> None:
    """Plaintext after the 220 breaks the handshake and is not processed."""
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        assert client.ask("STARTTLS") == READY_FOR_TLS
        client.send(b"NOOP\r\nMAIL FROM:<evil@example.com>\r\n")
        client.read_to_end()
    session = ends()
    assert session.closed_by is ClosedBy.TLS
    assert session.commands == ("STARTTLS",)


def test_starttls_without_a_certificate_is_refused(tmp_path: Path) -> None:
    """STARTTLS without a usable certificate is refused, and the test gets the reason."""
    (tmp_path / "ca.pem").write_text("no certificate")
    with FakeSMTP(ports={587: 0}, certs_dir=tmp_path) as smtp:
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            assert client.ask("STARTTLS") == "451 Unable to process request"
            assert client.read_to_end() == b""
        assert "220 2.0.0" not in smtp.sessions[0].transcript()
        with pytest.raises(CertificateError, match=r"ca\.pem does not contain"):
            smtp.raise_failures()


def test_require_tls_refuses_auth_and_message_in_plaintext() -> None:
    """With `require_tls` AUTH and MAIL are refused before TLS (RFC 3207 §4)."""
    with FakeSMTP(ports={587: 0}, accounts=[KEYS], require_tls=True) as smtp:
        refusal = "530 5.7.0 Must issue a STARTTLS command first"
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            assert client.ask("EHLO a").startswith("250-smtp-mail.nhncloudservice.com Hello ")
            assert client.ask("NOOP") == "250 2.0.0 OK"
            assert client.ask("AUTH LOGIN") == refusal
            assert client.ask("MAIL FROM:<a@b.c>") == refusal
            assert client.ask("STARTTLS") == READY_FOR_TLS
            client.start_tls(smtp.client_context())
            assert client.ask("AUTH LOGIN") == "334 VXNlcm5hbWU6"


@pytest.mark.parametrize(
    ("point", "replies"),
    [
        ("rcpt", (SENDER_OK, LOGIN_FIRST)),
        ("mail", (LOGIN_FIRST, "503 5.5.0 Need MAIL before RCPT")),
        ("never", (SENDER_OK, "250 2.1.5 Recipient <d@e.f> OK")),
    ],
)
def test_where_auth_is_required(point: str, replies: tuple[str, str]) -> None:
    """Without AUTH the replies to MAIL and RCPT depend on `auth_required_at`."""
    options = {"ports": {587: 0}, "auth_required_at": point}
    with FakeSMTP(**options) as smtp, RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.ask("EHLO a")
        assert client.ask("MAIL FROM:<a@b.c>") == replies[0]
        assert client.ask("RCPT TO:<d@e.f>") == replies[1]


def test_bare_cr_is_not_echoed(smtp: FakeSMTP) -> None:
    """A bare CR in a command does not start a new line in the reply."""
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.send(b"FOO\rBAR x\r\n")
        assert client.read_reply() == "500 5.5.1 Command FOO?BAR unrecognized."
        client.send(b"HELO a\r220 forged\r\n")
        assert "\r" not in client.read_reply()


def turn(smtp: FakeSMTP) -> None:
    """Wait for one iteration of the server's loop."""
    turned = Event()
    engine_of(smtp)._runner._loop.call_soon_threadsafe(turned.set)  # noqa: SLF001 - no client can see it
    assert turned.wait(PATIENCE)


def test_replies_do_not_wait_for_nagle(smtp: FakeSMTP) -> None:
    """Nagle's algorithm is off on accepted sockets; it would delay the end of TLS by 40 ms."""
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        (connection,) = engine_of(smtp)._runner._services.connections  # noqa: SLF001 - no client can see it
        accepted = connection._socket  # noqa: SLF001
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(
    not hasattr(socket, "TCP_QUICKACK"),
    reason="the system has no TCP_QUICKACK; a session ticket is sent instead",
)
def test_end_of_a_handshake_is_acknowledged_at_once(smtp: FakeSMTP) -> None:
    """No delayed ACK delays the next command of a client that uses Nagle's algorithm."""
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        assert client.ask("STARTTLS") == READY_FOR_TLS
        client.start_tls(smtp.client_context())
        (connection,) = engine_of(smtp)._runner._services.connections  # noqa: SLF001 - no client can see it
        for _ in range(10):
            turn(smtp)  # then everything that arrived is read
        accepted = connection._socket  # noqa: SLF001
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK)


@pytest.mark.parametrize("port", [587, 465])
def test_server_closes_first(smtp: FakeSMTP, port: int) -> None:
    """After its 221 the server closes at once (RFC 5321 §4.1.1.10), also inside TLS."""
    context = smtp.client_context() if port == 465 else None
    with RawClient(smtp.port(port), context) as client:
        client.read_reply()
        assert client.ask("QUIT").startswith("221")
        assert client.read_to_end() == b""
        with socket.socket(fileno=os.dup(client.socket.fileno())) as below_tls:
            below_tls.settimeout(PATIENCE)
            assert below_tls.recv(1) == b""


def test_slow_reader_receives_everything_over_tls(smtp: FakeSMTP) -> None:
    """A client that reads late receives all replies, the 221 and close_notify."""
    number = 40_000
    with socket.socket() as outside, ThreadPoolExecutor(1) as thread:
        outside.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        outside.settimeout(PATIENCE)
        outside.connect(("127.0.0.1", smtp.port(465)))
        client = TlsInMemory(smtp.client_context(), outside)
        asked = client.prepare(b"NOOP\r\n" * number + b"QUIT\r\n")
        asking = thread.submit(outside.sendall, asked)
        replies = bytearray()
        while received := client.receive():
            replies += received
        asking.result(PATIENCE)
    assert replies.count(b"250 ") == number
    assert replies.splitlines()[-1].startswith(b"221 ")
    assert smtp.sessions[0].closed_by == "quit"


@pytest.mark.parametrize("port", [465, 587])
def test_stop_during_a_handshake_is_not_an_internal_error(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that has not sent its ClientHello is closed, and nothing is logged."""
    with FakeSMTP(ports={port: 0}) as smtp, RawClient(smtp.port(port)) as client:
        if port == 587:
            client.read_reply()
            assert client.ask("STARTTLS") == READY_FOR_TLS
        turn(smtp)
        smtp.stop()
        assert client.read_to_end() == b""
    gc.collect()
    assert caplog.text == ""


RESET = pack("ii", 1, 0)  # linger on, for 0 seconds


@pytest.mark.parametrize(
    "last", [b"QUIT\r\n", b"EHLO x\r\nSTARTTLS\r\n", b"STARTTLS\r\n", b"NOOP\r\n"]
)
def test_client_that_resets_before_the_reply_is_not_an_internal_error(
    smtp: FakeSMTP, ends: Callable[[], Session], last: bytes
) -> None:
    """A reset after any last command ends the session and frees the connection."""
    for _ in range(20):
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.send(last)
        ends()
    turn(smtp)
    assert engine_of(smtp)._runner._services.connections == set()  # noqa: SLF001
    smtp.raise_failures()


def test_no_reverse_dns(smtp: FakeSMTP, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not look up the names of clients."""

    def forbidden(*_: object) -> None:
        raise AssertionError

    for name in ("getfqdn", "gethostbyaddr", "getnameinfo"):
        monkeypatch.setattr(socket, name, forbidden)
    with RawClient(smtp.port(587)) as client:
        assert client.read_reply() == GREETING
    smtp.raise_failures()


def test_internal_error_is_raised_in_the_test_and_not_sent_to_the_client(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client gets the profile's 451, and the test gets the exception."""

    class Broken(Exception):  # noqa: N818 - an invented error
        pass

    def fail(_app_key: str, _secret_key: str, **_: object) -> str:
        raise Broken("SecretKey of the bug")

    smtp = FakeSMTP(accounts=[KEYS], ports={587: 0}).start()
    engine_of(smtp).terms.accounts.verify = fail  # type: ignore[method-assign]
    with RawClient(smtp.port(587)) as client, caplog.at_level(logging.CRITICAL):
        client.read_reply()
        reply = client.ask("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=")
        assert reply == "451 Unable to process request"
        assert client.read_to_end() == b""
    with pytest.raises(Broken):
        smtp.__exit__(None, None, None)


def test_connections_share_no_state(smtp: FakeSMTP) -> None:
    """Two sessions at the same time do not affect each other."""
    with RawClient(smtp.port(587)) as one, RawClient(smtp.port(587)) as other:
        one.log_in()
        other.read_reply()
        other.ask("EHLO b")
        assert one.ask("MAIL FROM:<a@b.c>") == SENDER_OK
        assert other.ask("RCPT TO:<a@b.c>") == "503 5.5.0 Need MAIL before RCPT"
        assert other.ask("MAIL FROM:<a@b.c>") == SENDER_OK
        assert other.ask("RCPT TO:<a@b.c>") == "530 5.7.1 Authentication Required"


def test_client_that_does_not_read_is_not_read_from(smtp: FakeSMTP) -> None:
    """Unread replies do not accumulate: the server stops reading, then continues."""
    number = 40_000
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        client.socket.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        pending = memoryview(b"NOOP\r\n" * number)
        replies = b""
        while pending or replies.count(b"\r\n") < number:
            try:
                pending = pending[client.socket.send(pending) :]
            except BlockingIOError:
                client.socket.setblocking(True)  # noqa: FBT003
                replies += client.socket.recv(4096)
                client.socket.setblocking(False)  # noqa: FBT003
            if not pending:
                client.socket.setblocking(True)  # noqa: FBT003
                replies += client.socket.recv(65536)
        assert replies == b"250 2.0.0 OK\r\n" * number


def aiosmtpd_texts() -> set[str]:
    """Return every reply text in aiosmtpd's source."""
    tree = ast.parse(inspect.getsource(aiosmtpd.smtp))
    constants = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    return {c for c in constants if isinstance(c, str) and c[:3].isdigit() and len(c) > 4}


def test_no_text_of_aiosmtpd_is_sent(smtp: FakeSMTP) -> None:
    """No reply text of aiosmtpd is used: the dialogue's replies replace all of them."""
    texts = aiosmtpd_texts()
    assert "220 Ready to start TLS" in texts
    ours = {str(row.code) + " " + row.text for _, row in NHN_CLOUD_EMAIL.rows()}
    assert ours & texts == set()
    with RawClient(smtp.port(587)) as client:
        client.read_reply()
        assert client.ask("STARTTLS") not in texts


def pattern_of(row: Row) -> str:
    """Return a pattern of the complete reply of a profile's row, as sent before TLS."""
    blanks = {
        "capabilities": "\n".join(capability.line for capability in NHN_CLOUD_EMAIL.capabilities),
        "host": NHN_CLOUD_EMAIL.host_name,
        "software": NHN_CLOUD_EMAIL.software_name,
        "ip": "127.0.0.1",
    }
    filled = re.sub(r"\{(\w+)\}", lambda blank: blanks.get(blank[1], "\0"), row.text)
    *first, last = [re.escape(line).replace("\0", ".*") for line in filled.split("\n")]
    return "".join(f"{row.code}-{line}\r\n" for line in first) + f"{row.code} {last}\r\n"


def test_every_reply_over_the_wire_is_a_row_of_the_profile() -> None:
    """Every reply to every recorded scenario in plaintext matches a row of the profile."""
    rows = [re.compile(pattern_of(row).encode()) for _, row in NHN_CLOUD_EMAIL.rows()]
    received = b""
    with FakeSMTP(accounts=[KEYS], ports={587: 0}, policy=Policy()) as smtp:
        for scenario in load():
            if scenario.implicit_tls or any(step.starts_tls for step in scenario.steps):
                continue
            with RawClient(smtp.port(587)) as client:
                client.send(b"".join(step.send for step in scenario.steps))
                client.half_close()
                received += client.read_to_end()
    replies = re.findall(rb"(?:\d{3}-.*\r\n)*\d{3} .*\r\n", received)
    assert b"".join(replies) == received
    assert len(replies) > 1000
    wrong = {reply for reply in replies if not any(row.fullmatch(reply) for row in rows)}
    assert wrong == set()


SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
ENCODED = b64encode(SECRET.encode()).decode()
PLAIN = b64encode(f"\0Key\0{SECRET}".encode()).decode()
#: Lines in which every SecretKey is masked, known or unknown.
IN_AUTH = [
    f"AUTH PLAIN {PLAIN}",
    f"auth plain {PLAIN}",
    f"AUTH PLAIN {PLAIN} extra",
    f"AUTH PLAIN={ENCODED}",
    f"AUTH PLAIN {SECRET}",
    f"AUTH CRAM-MD5 {ENCODED}",
    f"AUTH {SECRET}",
    f"auth xoauth2 {SECRET}",
    PLAIN,
]
#: Unusual lines, in which only a known SecretKey is masked.
ELSEWHERE = [
    f"AUTH LOGIN {ENCODED}",
    f"NOOP {SECRET}",
    SECRET,
    ENCODED,
    f"MAIL FROM:<{SECRET}@example.com>",
    f"EHLO {SECRET}",
    f"PASS {SECRET}",
]


@pytest.mark.parametrize(
    ("line", "known"),
    [
        *((line, SECRET) for line in IN_AUTH + ELSEWHERE),
        *((line, "another") for line in IN_AUTH),
    ],
)
def test_secret_key_is_in_no_record(
    line: str, known: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No transcript and no log has the SecretKey, as plain text or as Base64."""
    with (
        caplog.at_level(logging.DEBUG),
        FakeSMTP(accounts=[("Key", known)], ports={587: 0}) as smtp,
        RawClient(smtp.port(587)) as client,
    ):
        client.read_reply()
        client.ask(line)
        (session,) = smtp.sessions
        shown = session.transcript() + repr(session) + repr(smtp.account) + repr(session.events)
    shown = (shown + caplog.text).lower()
    assert SECRET.lower() not in shown
    assert ENCODED.rstrip("=").lower() not in shown
    assert PLAIN.rstrip("=").lower() not in shown


@pytest.mark.parametrize("secret", [SECRET, "x"])
def test_secret_key_of_auth_login_is_in_no_record(secret: str) -> None:
    """The password line of AUTH LOGIN is masked, correct or wrong, valid Base64 or not."""
    with (
        FakeSMTP(accounts=[("Key", SECRET)], ports={587: 0}) as smtp,
        RawClient(smtp.port(587)) as client,
    ):
        client.read_reply()
        for line in (b64encode(secret.encode()).decode(), secret):
            assert client.ask("AUTH LOGIN S2V5").startswith("334")
            client.ask(line)
            if smtp.sessions[0].login:
                break
        commands = smtp.sessions[0].commands
    assert set(commands) == {"AUTH LOGIN AppKey=Key", "SecretKey=***"}
