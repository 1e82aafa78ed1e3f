"""Every fault at every place where it can be: what a client sees, and what state remains."""

from __future__ import annotations

import ssl
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import pytest
from raw_client import RawClient

from fakesmtp import FakeSMTP
from fakesmtp.faults.effects import GARBAGE
from fakesmtp.faults.words import FLAWS, PLACES, What, Where
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp import Session
    from fakesmtp.faults import Rule

KEYS = ("AppKey", "SecretKey")
MAIL = b"Subject: hello\r\n\r\nhello\r\n.\r\n"
#: Words that a fault needs, so small that nobody waits.
WORDS: dict[What, dict[str, object]] = {
    What.REPLY: {"reply": "450 4.2.0 Not now"},
    What.DELAY: {"seconds": 0.01},
    What.SLOW_LINK: {"bytes_per_second": 20_000},
    What.BAD_CERTIFICATE: {"certificate": "expired"},
}


class Step(NamedTuple):
    """What a client sends to come to the next place, and how the reply to it starts."""

    where: Where
    sends: bytes
    reply: str


#: One session through all places that are answered, in clear; those behind `mail` need a login.
WALK = (
    Step(Where.EHLO, b"EHLO client\r\n", "250"),
    Step(Where.AUTH, b"AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=\r\n", "235"),
    Step(Where.MAIL, b"MAIL FROM:<sender@example.com>\r\n", "250"),
    Step(Where.RCPT, b"RCPT TO:<rcpt@example.org>\r\n", "250"),
    Step(Where.DATA, b"DATA\r\n", "354"),
    Step(Where.END_OF_DATA, MAIL, "250"),
)
#: Places beside the walk: behind which place a client comes to them, and what it sends there.
BESIDE = {
    Where.STARTTLS: (Where.EHLO, Step(Where.STARTTLS, b"STARTTLS\r\n", "220")),
    Where.DATA_BODY: (Where.DATA, Step(Where.DATA_BODY, b"Subject: hello\r\n\r\nhel", "")),
    Where.RSET: (Where.RCPT, Step(Where.RSET, b"RSET\r\n", "250")),
    Where.NOOP: (Where.RCPT, Step(Where.NOOP, b"NOOP\r\n", "250")),
    Where.QUIT: (Where.RCPT, Step(Where.QUIT, b"QUIT\r\n", "221")),
    Where.ANY: (Where.RCPT, Step(Where.ANY, b"VRFY anyone\r\n", "502")),
}
#: What a client says next, and how the answer starts when the place before was not obeyed.
UNTOUCHED = {
    Where.CONNECT: ("EHLO client", "250"),
    Where.GREETING: ("EHLO client", "250"),
    Where.EHLO: ("MAIL FROM:<a@example.com>", "503"),
    Where.STARTTLS: ("NOOP", "250"),
    Where.AUTH: ("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=", "235"),
    Where.MAIL: ("RCPT TO:<rcpt@example.org>", "503"),
    Where.RCPT: ("DATA", "503"),
    Where.DATA: ("DATA", "354"),
    Where.END_OF_DATA: ("DATA", "503"),
    Where.RSET: ("DATA", "354"),
    Where.NOOP: ("DATA", "354"),
    Where.QUIT: ("DATA", "354"),
    Where.ANY: ("DATA", "354"),
}
#: The same, when it was obeyed, if late.
OBEYED = {
    **UNTOUCHED,
    Where.EHLO: ("MAIL FROM:<a@example.com>", "250"),
    Where.AUTH: ("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=", "503"),
    Where.MAIL: ("RCPT TO:<rcpt@example.org>", "250"),
    Where.RCPT: ("DATA", "354"),
    Where.DATA: ("Subject: hello\r\n\r\nhello\r\n.", "250"),
    Where.RSET: ("DATA", "503"),
}


class Ends(SimpleQueue["Session"]):
    """The sessions that are over."""


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSMTP]:
    """A server for all tests here."""
    with FakeSMTP(accounts=[KEYS]) as smtp:
        yield smtp


@pytest.fixture
def ends(server: FakeSMTP) -> Iterator[Ends]:
    """The sessions of a test that are over; with no faults and no messages left behind."""
    queue = Ends()
    stop = server.on_session_end(queue.put)
    yield queue
    stop()
    server.faults.clear()
    server.clear()


def add(server: FakeSMTP, what: What, where: Where, **more: object) -> Rule:
    """Add a fault that strikes once, where `go` goes to."""
    when: dict[Where, dict[str, object]] = {
        Where.DATA_BODY: {"after_bytes": 10, "times": 1},
        Where.ANY: {"nth": 6},
    }
    words = {**WORDS.get(what, {}), **when.get(where, {"times": 1}), **more}
    return server.faults.fault(where, what, **words).rule


def go(client: RawClient, where: Where) -> str:
    """Walk to a place and say what is to be said there; gives how its reply usually starts."""
    if where in {Where.CONNECT, Where.GREETING}:
        return "220"
    last, step = BESIDE.get(where, (None, None))
    assert client.read_reply().startswith("220")
    for usual in WALK:
        client.send(usual.sends)
        if usual.where is where:
            return usual.reply
        assert client.read_reply().startswith(usual.reply), usual
        if usual.where is last and step is not None:
            client.send(step.sends)
            return step.reply
    raise AssertionError(where)


def check_event(session: Session, rule: Rule) -> None:
    """The fault stands in the recording, by its name."""
    faults = [event for event in session.events if event.kind is EventKind.FAULT]
    assert rule.name in faults[0].text
    assert str(rule.where) in faults[0].text


def places(what: What) -> list[Where]:
    """The places of a fault that are not a handshake, in order."""
    return [where for where in Where if where in PLACES[what] and where != Where.TLS_HANDSHAKE]


def check_next(client: RawClient, table: dict[Where, tuple[str, str]], where: Where) -> None:
    """The state is as the table has it."""
    says, starts = table[where]
    assert client.ask(says).startswith(starts)


@pytest.mark.parametrize("where", places(What.REPLY))
def test_reply(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """A reply comes in place of the usual one, and what was asked for is not done."""
    closes = where is Where.DATA_BODY
    rule = add(server, What.REPLY, where, **({"close": True} if closes else {}))
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_reply() == "450 4.2.0 Not now"
        if closes:
            assert client.read_to_end() == b""
        else:
            check_next(client, UNTOUCHED, where)
    assert server.messages == []
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", places(What.REPLY))
def test_reply_and_close(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """A reply with `close` is the last word."""
    add(server, What.REPLY, where, close=True)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_reply() == "450 4.2.0 Not now"
        assert client.read_to_end() == b""
    assert ends.get().closed_by is ClosedBy.SERVER


@pytest.mark.parametrize("what", [What.DELAY, What.SLOW_LINK])
@pytest.mark.parametrize("where", places(What.DELAY))
def test_late_and_slow(server: FakeSMTP, ends: Ends, what: What, where: Where) -> None:
    """A reply that is late or slow arrives whole, and what was asked for is done."""
    rule = add(server, what, where)
    with RawClient(server.port(587)) as client:
        usual = go(client, where)
        if where is Where.DATA_BODY:
            client.send(b"lo\r\n.\r\n")
            usual = "250"
        if where is Where.STARTTLS:
            assert client.read_line().startswith(b"220")
            client.start_tls(server.client_context())
        else:
            assert client.read_reply().startswith(usual)
        if where is Where.QUIT:
            assert client.read_to_end() == b""
        elif where is not Where.DATA_BODY:
            check_next(client, OBEYED, where)
    sent = {Where.DATA, Where.DATA_BODY, Where.END_OF_DATA}
    assert len(server.messages) == (where in sent)
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", places(What.STALL))
def test_stall(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """Nothing more is said, whatever the client says, until it gives up."""
    rule = add(server, What.STALL, where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        client.send(b"NOOP\r\n")
        client.half_close()
        assert client.read_to_end() == b""
    session = ends.get()
    check_event(session, rule)
    assert session.closed_by is ClosedBy.CLIENT
    kinds = [event.kind for event in session.events]
    assert kinds[kinds.index(EventKind.FAULT) :] == [EventKind.FAULT, EventKind.END]
    assert server.messages == []


@pytest.mark.parametrize("where", places(What.STALL))
def test_stall_for_some_time(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """With a number of seconds the connection is closed by then."""
    add(server, What.STALL, where, seconds=0.01)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_to_end() == b""
    assert ends.get().closed_by is ClosedBy.SERVER


@pytest.mark.parametrize("where", places(What.DROP))
def test_drop(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """The connection is closed without a reply, and nothing is kept."""
    rule = add(server, What.DROP, where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_to_end() == b""
    assert server.messages == []
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", places(What.RESET))
def test_reset(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """The connection is reset: the client does not see it end, but break."""
    rule = add(server, What.RESET, where)

    def read_to_reset() -> None:
        with RawClient(server.port(587)) as client:
            go(client, where)
            while True:
                client.read_line()

    with pytest.raises(ConnectionResetError):
        read_to_reset()
    assert server.messages == []
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", places(What.HALF_REPLY))
def test_half_reply(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """Half of the usual reply arrives, then the connection is closed; a message was kept."""
    rule = add(server, What.HALF_REPLY, where)
    with RawClient(server.port(587)) as client:
        usual = go(client, where)
        half = client.read_to_end()
    assert half.startswith(usual.encode())
    assert not half.endswith(b"\n")
    assert len(server.messages) == (where is Where.END_OF_DATA)
    check_event(ends.get(), rule)


@pytest.mark.parametrize("where", places(What.GARBAGE))
def test_garbage(server: FakeSMTP, ends: Ends, where: Where) -> None:
    """Bytes that are no reply come in place of one, and what was asked for is not done."""
    rule = add(server, What.GARBAGE, where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        assert client.read_line() + b"\r\n" == GARBAGE
        check_next(client, UNTOUCHED, where)
    assert server.messages == []
    check_event(ends.get(), rule)


def test_refuse_starttls(server: FakeSMTP, ends: Ends) -> None:
    """STARTTLS is refused, and the session goes on in clear."""
    rule = add(server, What.REFUSE_STARTTLS, Where.STARTTLS)
    with RawClient(server.port(587)) as client:
        go(client, Where.STARTTLS)
        assert client.read_reply().startswith("454 4.7.0")
        assert client.ask("NOOP").startswith("250")
    check_event(ends.get(), rule)


def test_strip_starttls(server: FakeSMTP, ends: Ends) -> None:
    """STARTTLS is not among what EHLO offers, once."""
    rule = add(server, What.STRIP_STARTTLS, Where.EHLO)
    with RawClient(server.port(587)) as client:
        go(client, Where.EHLO)
        assert "STARTTLS" not in client.read_reply()
        assert "STARTTLS" in client.ask("EHLO client")
    check_event(ends.get(), rule)


def test_lose_reply(server: FakeSMTP, ends: Ends) -> None:
    """The message is kept, and the client never learns of it."""
    rule = add(server, What.LOSE_REPLY, Where.END_OF_DATA)
    with RawClient(server.port(587)) as client:
        go(client, Where.END_OF_DATA)
        assert client.read_to_end() == b""
    assert len(server.messages) == 1
    check_event(ends.get(), rule)


def test_keep_nothing(server: FakeSMTP, ends: Ends) -> None:
    """The message is accepted, and not kept; the session goes on."""
    rule = add(server, What.KEEP_NOTHING, Where.END_OF_DATA)
    with RawClient(server.port(587)) as client:
        go(client, Where.END_OF_DATA)
        assert client.read_reply().startswith("250")
        check_next(client, UNTOUCHED, Where.END_OF_DATA)
    assert server.messages == []
    session = ends.get()
    check_event(session, rule)
    assert "dropped" in session.transcript()


def test_every_fault_has_a_test_at_every_place() -> None:
    """No fault and no place is missing above."""
    tested = {
        What.REPLY: test_reply,
        What.DELAY: test_late_and_slow,
        What.STALL: test_stall,
        What.DROP: test_drop,
        What.RESET: test_reset,
        What.HALF_REPLY: test_half_reply,
        What.GARBAGE: test_garbage,
        What.SLOW_LINK: test_late_and_slow,
        What.REFUSE_STARTTLS: test_refuse_starttls,
        What.STRIP_STARTTLS: test_strip_starttls,
        What.BAD_CERTIFICATE: test_bad_certificate,
        What.OLD_TLS: test_old_tls,
        What.LOSE_REPLY: test_lose_reply,
        What.KEEP_NOTHING: test_keep_nothing,
    }
    assert tested.keys() == set(What)
    assert set(places(What.SLOW_LINK)) == set(places(What.DELAY))
    in_handshake = {what for what in What if Where.TLS_HANDSHAKE in PLACES[what]}
    assert in_handshake == {*BREAKING, What.DELAY, What.STALL, What.BAD_CERTIFICATE, What.OLD_TLS}


# -- the handshake ---------------------------------------------------------------------------------

#: Faults that no handshake survives, and what the client reads in its place.
BREAKING = {What.DROP: b"", What.GARBAGE: GARBAGE, What.RESET: None}


def dial(server: FakeSMTP, port: int, context: Callable[[], ssl.SSLContext]) -> RawClient:
    """Connect and shake hands, at once or behind STARTTLS; with the EHLO inside TLS to come."""
    client = RawClient(server.port(port))
    try:
        if port != 465:
            client.read_reply()
            client.ask("EHLO client")
            client.send(b"STARTTLS\r\n")
            assert client.read_line().startswith(b"220")
        client.start_tls(context())
        if port == 465:
            client.read_reply()
    except BaseException:
        client.socket.close()
        raise
    return client


def make_careless(*, old: bool = False) -> ssl.SSLContext:
    """Make the context of a client that checks nothing."""
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
def test_broken_handshake(server: FakeSMTP, ends: Ends, what: What, port: int) -> None:
    """No handshake begins, and the connection ends."""
    rule = add(server, what, Where.TLS_HANDSHAKE)

    def read() -> bytes:
        # The handshake is not begun by the client, who is told off before it says a word.
        with RawClient(server.port(port)) as client:
            if port == 587:
                go(client, Where.STARTTLS)
                assert client.read_line().startswith(b"220")
            if what is What.RESET:
                return client.socket.recv(65536)
            return client.read_to_end()

    if what is What.RESET:
        with pytest.raises(ConnectionResetError):
            read()
    else:
        assert read() == BREAKING[what]
    session = ends.get()
    check_event(session, rule)
    assert session.tls is None


@both_ways
def test_stalled_handshake(server: FakeSMTP, ends: Ends, port: int) -> None:
    """The handshake never ends, until the client gives up."""
    add(server, What.STALL, Where.TLS_HANDSHAKE)
    with RawClient(server.port(port)) as client:
        if port == 587:
            go(client, Where.STARTTLS)
            assert client.read_line().startswith(b"220")
        client.send(b"\x16\x03\x01 a hello\r\nNOOP\r\n")
        client.half_close()
        assert client.read_to_end() == b""
    assert ends.get().closed_by is ClosedBy.CLIENT


@both_ways
def test_late_handshake(server: FakeSMTP, ends: Ends, port: int) -> None:
    """A handshake that begins late succeeds."""
    rule = add(server, What.DELAY, Where.TLS_HANDSHAKE)
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
    """A client that verifies refuses, for that reason and no other."""
    rule = add(server, What.BAD_CERTIFICATE, Where.TLS_HANDSHAKE, certificate=flaw)
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
    """A client that goes on with a bad certificate is told of in its session."""
    add(server, What.BAD_CERTIFICATE, Where.TLS_HANDSHAKE, certificate=flaw)
    with dial(server, port, make_careless) as client:
        assert client.ask("EHLO client").startswith("250")
        client.ask("QUIT")
    notes = [note for note in ends.get().notes if "does not check" in note]
    assert len(notes) == 1
    assert flaw in notes[0]


@both_ways
def test_old_tls(server: FakeSMTP, ends: Ends, port: int) -> None:
    """A client of today refuses TLS 1.0."""
    rule = add(server, What.OLD_TLS, Where.TLS_HANDSHAKE)
    with pytest.raises(ssl.SSLError):
        dial(server, port, server.client_context)
    session = ends.get()
    check_event(session, rule)
    assert session.closed_by is ClosedBy.TLS


def test_client_of_old(server: FakeSMTP, ends: Ends) -> None:
    """A client that takes TLS 1.0 is told of."""
    add(server, What.OLD_TLS, Where.TLS_HANDSHAKE)
    with dial(server, 465, lambda: make_careless(old=True)) as client:
        client.ask("QUIT")
    session = ends.get()
    assert session.tls is not None
    assert session.tls.version == "TLSv1"
    assert any("TLS 1.0" in note for note in session.notes)


def test_a_client_that_only_quits_is_not_accused(server: FakeSMTP, ends: Ends) -> None:
    """Postfix and libESMTP check the certificate after the handshake, and then send QUIT."""
    add(server, What.BAD_CERTIFICATE, Where.TLS_HANDSHAKE, certificate="self-signed")
    with dial(server, 465, make_careless) as client:
        client.ask("QUIT")
    assert not any("does not check" in note for note in ends.get().notes)


@pytest.mark.parametrize(
    ("what", "where"),
    [(What.STRIP_STARTTLS, Where.EHLO), (What.REFUSE_STARTTLS, Where.STARTTLS)],
)
def test_client_that_goes_on_in_clear(
    server: FakeSMTP, ends: Ends, what: What, where: Where
) -> None:
    """A client that logs in where STARTTLS was kept from it is told of, once."""
    add(server, what, where)
    with RawClient(server.port(587)) as client:
        go(client, where)
        client.read_reply()
        client.ask("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=")
        client.ask("MAIL FROM:<a@example.com>")
    assert sum("in clear where STARTTLS" in note for note in ends.get().notes) == 1
