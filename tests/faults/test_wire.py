"""Every kind of fault at every stage it has: what a client receives, and the state after it."""

from __future__ import annotations

import ssl
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fault_options import needed_options
from raw_client import RawClient

from fakesmtp import ConfigurationError, FakeSMTP
from fakesmtp.faults import Stage
from fakesmtp.faults.kinds import FLAWS, GARBAGE, KINDS, Kind
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.events import FaultApplied, SessionEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp import Session
    from fakesmtp.faults import Rule

KEYS = ("AppKey", "SecretKey")
MAIL = b"Subject: hello\r\n\r\nhello\r\n.\r\n"


class Step(NamedTuple):
    """The bytes that a client sends to reach the next stage, and the reply."""

    where: Stage
    sends: bytes
    reply: str


GREETING = "220 smtp-mail.nhncloudservice.com SMTP Server (NHN Cloud Email SMTP) ready"
HELLO = "\n".join(
    [
        "250-smtp-mail.nhncloudservice.com Hello client [127.0.0.1])",
        *("250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250-8BITMIME", "250-STARTTLS"),
        *("250-AUTH LOGIN PLAIN", "250 AUTH=LOGIN PLAIN"),
    ]
)
READY_FOR_TLS = "220 2.0.0 Ready to start TLS"
LOGGED_IN = "235 Authentication Successful"
SENDER_OK = "250 2.1.0 Sender <sender@example.com> OK"
RECIPIENT_OK = "250 2.1.5 Recipient <rcpt@example.org> OK"
GO_AHEAD = "354 Ok Send data ending with <CRLF>.<CRLF>"
ACCEPTED = "250 Command accepted"
OK = "250 2.0.0 OK"
BYE = "221 2.0.0 smtp-mail.nhncloudservice.com Service closing transmission channel"
AGAIN = "503 5.5.0 User has previously authenticated.  Further authentication is not required!"
NO_SENDER = "503 5.5.0 No sender specified"

#: One plaintext session through the stages with a reply.
WALK = (
    Step(Stage.EHLO, b"EHLO client\r\n", HELLO),
    Step(Stage.AUTH, b"AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=\r\n", LOGGED_IN),
    Step(Stage.MAIL, b"MAIL FROM:<sender@example.com>\r\n", SENDER_OK),
    Step(Stage.RCPT, b"RCPT TO:<rcpt@example.org>\r\n", RECIPIENT_OK),
    Step(Stage.DATA, b"DATA\r\n", GO_AHEAD),
    Step(Stage.END_OF_DATA, MAIL, ACCEPTED),
)
#: Other stages: the stage after which a client reaches them, and the step.
OTHERS = {
    Stage.STARTTLS: (Stage.EHLO, Step(Stage.STARTTLS, b"STARTTLS\r\n", READY_FOR_TLS)),
    Stage.DATA_BODY: (Stage.DATA, Step(Stage.DATA_BODY, b"Subject: hello\r\n\r\nhel", "")),
    Stage.RSET: (Stage.RCPT, Step(Stage.RSET, b"RSET\r\n", OK)),
    Stage.NOOP: (Stage.RCPT, Step(Stage.NOOP, b"NOOP\r\n", OK)),
    Stage.QUIT: (Stage.RCPT, Step(Stage.QUIT, b"QUIT\r\n", BYE)),
    Stage.ANY: (Stage.RCPT, Step(Stage.ANY, b"VRFY anyone\r\n", "502 5.3.3 VRFY is not supported")),
}
#: The next command and its reply, if the command of the stage was not executed.
SKIPPED = {
    Stage.CONNECT: ("EHLO client", HELLO),
    Stage.GREETING: ("EHLO client", HELLO),
    Stage.EHLO: ("MAIL FROM:<a@example.com>", "503 5.5.0 Need HELO or EHLO before MAIL"),
    Stage.STARTTLS: ("NOOP", OK),
    Stage.AUTH: ("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=", LOGGED_IN),
    Stage.MAIL: ("RCPT TO:<rcpt@example.org>", "503 5.5.0 Need MAIL before RCPT"),
    Stage.RCPT: ("DATA", "503 5.5.0 No recipients specified"),
    Stage.DATA: ("DATA", GO_AHEAD),
    Stage.END_OF_DATA: ("DATA", NO_SENDER),
    Stage.RSET: ("DATA", GO_AHEAD),
    Stage.NOOP: ("DATA", GO_AHEAD),
    Stage.QUIT: ("DATA", GO_AHEAD),
    Stage.ANY: ("DATA", GO_AHEAD),
}
#: The next command and its reply, if the command of the stage was executed.
EXECUTED = {
    **SKIPPED,
    Stage.EHLO: ("MAIL FROM:<a@example.com>", "250 2.1.0 Sender <a@example.com> OK"),
    Stage.AUTH: ("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=", AGAIN),
    Stage.MAIL: ("RCPT TO:<rcpt@example.org>", RECIPIENT_OK),
    Stage.RCPT: ("DATA", GO_AHEAD),
    Stage.DATA: ("Subject: hello\r\n\r\nhello\r\n.", ACCEPTED),
    Stage.RSET: ("DATA", NO_SENDER),
}


class Ends(SimpleQueue["Session"]):
    """The finished sessions."""


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSMTP]:
    """Start a server that all tests of this module share."""
    with FakeSMTP(accounts=[KEYS]) as smtp:
        yield smtp


@pytest.fixture
def ends(server: FakeSMTP) -> Iterator[Ends]:
    """Return the finished sessions of a test; remove its faults and messages after it."""
    queue = Ends()
    stop = server.on_session_end(queue.put)
    yield queue
    stop()
    server.faults.clear()
    server.clear()


def add(server: FakeSMTP, what: str, where: Stage, **more: object) -> Rule:
    """Add a fault that applies once, at the stage that `go` reaches."""
    when: dict[Stage, dict[str, object]] = {
        Stage.DATA_BODY: {"after_bytes": 10, "times": 1},
        Stage.ANY: {"nth": 6},
    }
    options = {**needed_options(what, where), **when.get(where, {"times": 1}), **more}
    return server.faults.fault(where, what, **options).rule


def go(client: RawClient, where: Stage) -> str:
    """Go to a stage and send its command; return its usual reply."""
    if where in {Stage.CONNECT, Stage.GREETING}:
        return GREETING
    last, step = OTHERS.get(where, (None, None))
    assert client.read_reply() == GREETING
    for usual in WALK:
        client.send(usual.sends)
        if usual.where is where:
            return usual.reply
        assert client.read_reply() == usual.reply
        if usual.where is last and step is not None:
            client.send(step.sends)
            return step.reply
    raise AssertionError(where)


def check_event(session: Session, rule: Rule) -> None:
    """Check that the session records the fault, with its name and stage."""
    faults = [event for event in session.events if isinstance(event, FaultApplied)]
    assert rule.name in faults[0].text
    assert str(rule.where) in faults[0].text


def stages(what: str) -> list[Stage]:
    """Return the stages of a kind except the handshake, in order."""
    return [stage for stage in Stage if stage in KINDS[what].stages - {Stage.TLS_HANDSHAKE}]


def check_next(client: RawClient, table: dict[Stage, tuple[str, str]], where: Stage) -> None:
    """Check that the session is in the state of the table."""
    command, reply = table[where]
    assert client.ask(command) == reply


@pytest.mark.parametrize("where", stages("reply"))
def test_reply(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """The reply replaces the usual one, and the command is not executed."""
    closes = where is Stage.DATA_BODY
    rule = add(server, "reply", where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_reply() == "450 4.2.0 Not now"
        if closes:
            assert client.read_to_end() == b""
        else:
            check_next(client, SKIPPED, where)
    assert server.messages == []
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", stages("reply"))
def test_reply_and_close(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """After a reply with `close` the connection is closed."""
    add(server, "reply", where, close=True)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_reply() == "450 4.2.0 Not now"
        assert client.read_to_end() == b""
    assert ends.get().closed_by is ClosedBy.SERVER


@pytest.mark.parametrize("what", ["delay", "slow-link"])
@pytest.mark.parametrize("where", stages("delay"))
def test_late_and_slow(server: FakeSMTP, ends: Ends, what: str, where: Stage) -> None:
    """A late or slow reply arrives whole, and the command is executed."""
    rule = add(server, what, where)
    with RawClient(server.port(587)) as client:
        usual = go(client, where)
        if where is Stage.DATA_BODY:
            client.send(b"lo\r\n.\r\n")
            usual = ACCEPTED
        if where is Stage.STARTTLS:
            assert client.read_line() == READY_FOR_TLS.encode()
            client.start_tls(server.client_context())
        else:
            assert client.read_reply() == usual
        if where is Stage.QUIT:
            assert client.read_to_end() == b""
        elif where is not Stage.DATA_BODY:
            check_next(client, EXECUTED, where)
    sent = {Stage.DATA, Stage.DATA_BODY, Stage.END_OF_DATA}
    assert len(server.messages) == (where in sent)
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", stages("stall"))
def test_stall(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """The server sends nothing, whatever the client sends, until the client gives up."""
    rule = add(server, "stall", where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        client.send(b"NOOP\r\n")
        client.half_close()
        assert client.read_to_end() == b""
    session = ends.get()
    check_event(session, rule)
    assert session.closed_by is ClosedBy.CLIENT
    kinds = [event.kind for event in session.events]
    assert kinds[kinds.index(FaultApplied.kind) :] == [FaultApplied.kind, SessionEnd.kind]
    assert server.messages == []


@pytest.mark.parametrize("where", stages("stall"))
def test_stall_for_some_time(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """With `seconds` the connection is closed after that time."""
    add(server, "stall", where, seconds=0.01)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_to_end() == b""
    assert ends.get().closed_by is ClosedBy.SERVER


@pytest.mark.parametrize("where", stages("drop"))
def test_drop(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """The connection is closed without a reply, and no message is kept."""
    rule = add(server, "drop", where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_to_end() == b""
    assert server.messages == []
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", stages("reset"))
def test_reset(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """The connection is reset: the client gets an error, not the end of the stream."""
    rule = add(server, "reset", where)

    def read_to_reset() -> None:
        with RawClient(server.port(587)) as client:
            go(client, where)
            while True:
                client.read_line()

    with pytest.raises(ConnectionResetError):
        read_to_reset()
    assert server.messages == []
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", stages("half-reply"))
def test_half_reply(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """Half of the usual reply arrives, then the connection is closed; a message is kept."""
    rule = add(server, "half-reply", where)
    with RawClient(server.port(587)) as client:
        usual = go(client, where)
        half = client.read_to_end()
    assert half
    assert usual.replace("\n", "\r\n").startswith(half.decode())
    assert half.decode() != usual
    assert len(server.messages) == (where is Stage.END_OF_DATA)
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", stages("garbage"))
def test_garbage(server: FakeSMTP, ends: Ends, where: Stage) -> None:
    """Bytes that are not a reply arrive, and the command is not executed."""
    rule = add(server, "garbage", where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_line() + b"\r\n" == GARBAGE
        check_next(client, SKIPPED, where)
    assert server.messages == []
    check_event(ends.get(), rule)


def test_refuse_starttls(server: FakeSMTP, ends: Ends) -> None:
    """STARTTLS is refused, and the session continues in plaintext."""
    rule = add(server, "refuse-starttls", Stage.STARTTLS)
    with RawClient(server.port(587)) as client:
        go(client, Stage.STARTTLS)
        assert client.read_reply().startswith("454 4.7.0")
        assert client.ask("NOOP") == OK
    check_event(ends.get(), rule)


def test_strip_starttls(server: FakeSMTP, ends: Ends) -> None:
    """The reply to EHLO does not list STARTTLS, once."""
    rule = add(server, "strip-starttls", Stage.EHLO)
    with RawClient(server.port(587)) as client:
        go(client, Stage.EHLO)
        assert "STARTTLS" not in client.read_reply()
        assert "STARTTLS" in client.ask("EHLO client")
    check_event(ends.get(), rule)


def test_lose_reply(server: FakeSMTP, ends: Ends) -> None:
    """The message is kept, and the client gets no reply."""
    rule = add(server, "lose-reply", Stage.END_OF_DATA)
    with RawClient(server.port(587)) as client:
        go(client, Stage.END_OF_DATA)
        assert client.read_to_end() == b""
    assert len(server.messages) == 1
    check_event(ends.get(), rule)


def test_keep_nothing(server: FakeSMTP, ends: Ends) -> None:
    """The message is accepted and not kept; the session continues."""
    rule = add(server, "keep-nothing", Stage.END_OF_DATA)
    with RawClient(server.port(587)) as client:
        go(client, Stage.END_OF_DATA)
        assert client.read_reply() == ACCEPTED
        check_next(client, SKIPPED, Stage.END_OF_DATA)
    assert server.messages == []
    session = ends.get()
    check_event(session, rule)
    assert "dropped" in session.transcript()


def test_record_is_all_that_a_kind_needs(
    server: FakeSMTP, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind that is only a record can be planned, acts on the wire, and is recorded."""
    kind = Kind(
        name="say-twice",
        effect="the server sends its reply twice",
        stages=frozenset({Stage.NOOP}),
        change=lambda actions, _: (*actions, *actions),
    )
    monkeypatch.setitem(KINDS, kind.name, kind)
    with pytest.raises(
        ConfigurationError, match="say-twice is not possible at rcpt; it is at noop"
    ):
        add(server, "say-twice", Stage.RCPT)
    rule = add(server, "say-twice", Stage.NOOP)
    with RawClient(server.port(587)) as client:
        go(client, Stage.NOOP)
        assert client.read_reply() == client.read_reply()
    session = ends.get()
    check_event(session, rule)
    assert "the server sends its reply twice" in session.transcript()


def test_every_kind_has_a_test_at_every_stage() -> None:
    """Every kind has a test above that covers its stages."""
    tested = {
        "reply": test_reply,
        "delay": test_late_and_slow,
        "stall": test_stall,
        "drop": test_drop,
        "reset": test_reset,
        "half-reply": test_half_reply,
        "garbage": test_garbage,
        "slow-link": test_late_and_slow,
        "refuse-starttls": test_refuse_starttls,
        "strip-starttls": test_strip_starttls,
        "bad-certificate": test_bad_certificate,
        "old-tls": test_old_tls,
        "lose-reply": test_lose_reply,
        "keep-nothing": test_keep_nothing,
    }
    assert tested.keys() == set(KINDS)
    assert stages("slow-link") == stages("delay")
    in_handshake = {what for what in KINDS if Stage.TLS_HANDSHAKE in KINDS[what].stages}
    assert in_handshake == {*BREAKING, "delay", "stall", "bad-certificate", "old-tls"}


# -- the handshake ---------------------------------------------------------------------------------

#: Kinds that prevent the handshake, and what the client reads instead.
BREAKING = {"drop": b"", "garbage": GARBAGE, "reset": None}


def dial(server: FakeSMTP, port: int, context: Callable[[], ssl.SSLContext]) -> RawClient:
    """Connect and start TLS, at once or by STARTTLS; no EHLO has been sent over TLS yet."""
    client = RawClient(server.port(port))
    try:
        if port != 465:
            client.read_reply()
            client.ask("EHLO client")
            client.send(b"STARTTLS\r\n")
            assert client.read_line() == READY_FOR_TLS.encode()
        client.start_tls(context())
        if port == 465:
            client.read_reply()
    except BaseException:
        client.socket.close()
        raise
    return client


def make_careless(*, old: bool = False) -> ssl.SSLContext:
    """Return the TLS context of a client that verifies nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if old:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


both_ways = pytest.mark.parametrize("port", [465, 587])


@both_ways
@pytest.mark.parametrize("what", BREAKING)
def test_broken_handshake(server: FakeSMTP, ends: Ends, what: str, port: int) -> None:
    """The handshake does not begin, and the connection ends."""
    rule = add(server, what, Stage.TLS_HANDSHAKE)

    def read() -> bytes:
        # The client does not begin the handshake: the fault applies before its first byte.
        with RawClient(server.port(port)) as client:
            if port == 587:
                go(client, Stage.STARTTLS)
                assert client.read_line() == READY_FOR_TLS.encode()
            if what == "reset":
                return client.socket.recv(65536)
            return client.read_to_end()

    if what == "reset":
        with pytest.raises(ConnectionResetError):
            read()
    else:
        assert read() == BREAKING[what]
    session = ends.get()
    check_event(session, rule)
    assert session.tls is None


@both_ways
def test_stalled_handshake(server: FakeSMTP, ends: Ends, port: int) -> None:
    """The handshake does not end until the client gives up."""
    add(server, "stall", Stage.TLS_HANDSHAKE)
    with RawClient(server.port(port)) as client:
        if port == 587:
            go(client, Stage.STARTTLS)
            assert client.read_line() == READY_FOR_TLS.encode()
        client.send(b"\x16\x03\x01 a hello\r\nNOOP\r\n")
        client.half_close()
        assert client.read_to_end() == b""
    assert ends.get().closed_by is ClosedBy.CLIENT


@both_ways
def test_late_handshake(server: FakeSMTP, ends: Ends, port: int) -> None:
    """A late handshake succeeds."""
    rule = add(server, "delay", Stage.TLS_HANDSHAKE)
    with dial(server, port, server.client_context) as client:
        assert client.ask("EHLO client").startswith("250")
        client.ask("QUIT")
    session = ends.get()
    check_event(session, rule)
    assert session.tls is not None


REASONS = {
    "expired": "certificate has expired",
    "not-yet-valid": "certificate is not yet valid",
    "wrong-name": "Hostname mismatch",
    "unknown-authority": "unable to get local issuer certificate",
    "self-signed": "self[- ]signed certificate",
}


@both_ways
@pytest.mark.parametrize("flaw", FLAWS)
def test_bad_certificate(server: FakeSMTP, ends: Ends, flaw: str, port: int) -> None:
    """A client that verifies refuses the certificate, for its flaw and no other reason."""
    rule = add(server, "bad-certificate", Stage.TLS_HANDSHAKE, certificate=flaw)
    with pytest.raises(ssl.SSLCertVerificationError, match=REASONS[flaw]):
        dial(server, port, server.client_context)
    session = ends.get()
    check_event(session, rule)
    assert session.closed_by is ClosedBy.TLS
    with dial(server, port, server.client_context) as client:
        assert client.ask("EHLO client").startswith("250")
    assert ends.get().closed_by is ClosedBy.CLIENT


@both_ways
@pytest.mark.parametrize("flaw", FLAWS)
def test_careless_client(server: FakeSMTP, ends: Ends, flaw: str, port: int) -> None:
    """A client that continues with a bad certificate gets a note in its session."""
    add(server, "bad-certificate", Stage.TLS_HANDSHAKE, certificate=flaw)
    with dial(server, port, make_careless) as client:
        assert client.ask("EHLO client").startswith("250")
        client.ask("QUIT")
    notes = [note for note in ends.get().notes if "does not check" in note]
    assert len(notes) == 1
    assert flaw in notes[0]


@both_ways
def test_old_tls(server: FakeSMTP, ends: Ends, port: int) -> None:
    """A modern client refuses TLS 1.0."""
    rule = add(server, "old-tls", Stage.TLS_HANDSHAKE)
    with pytest.raises(ssl.SSLError):
        dial(server, port, server.client_context)
    session = ends.get()
    check_event(session, rule)
    assert session.closed_by is ClosedBy.TLS


def test_old_client(server: FakeSMTP, ends: Ends) -> None:
    """A client that accepts TLS 1.0 gets a note in its session."""
    add(server, "old-tls", Stage.TLS_HANDSHAKE)
    with dial(server, 465, lambda: make_careless(old=True)) as client:
        client.ask("QUIT")
    session = ends.get()
    assert session.tls is not None
    assert session.tls.version == "TLSv1"
    assert any("TLS 1.0" in note for note in session.notes)


def test_client_that_only_quits_gets_no_note(server: FakeSMTP, ends: Ends) -> None:
    """Postfix and libESMTP check the certificate after the handshake, and then send QUIT."""
    add(server, "bad-certificate", Stage.TLS_HANDSHAKE, certificate="self-signed")
    with dial(server, 465, make_careless) as client:
        client.ask("QUIT")
    assert not any("does not check" in note for note in ends.get().notes)


@pytest.mark.parametrize(
    ("what", "where"),
    [("strip-starttls", Stage.EHLO), ("refuse-starttls", Stage.STARTTLS)],
)
def test_client_that_continues_in_plaintext(
    server: FakeSMTP, ends: Ends, what: str, where: Stage
) -> None:
    """A client that logs in after STARTTLS was withheld gets one note."""
    add(server, what, where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        client.read_reply()
        client.ask("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=")
        client.ask("MAIL FROM:<a@example.com>")
    assert sum("in plaintext when STARTTLS" in note for note in ends.get().notes) == 1
