"""Recording and reading of sessions in memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sessions import MadeSession

from fakesmtp.protocol.accounts import AnyAccounts, FixedAccounts
from fakesmtp.protocol.actions import Awaiting, Envelope
from fakesmtp.protocol.credentials import Login, MailType
from fakesmtp.protocol.reply import Reply
from fakesmtp.sessions import ClosedBy, Phase, Session, SessionLog
from fakesmtp.sessions import log as log_module
from fakesmtp.sessions.contents import LoggedIn
from fakesmtp.sessions.events import (
    ClientLine,
    MessageData,
    Note,
    ServerReply,
    SessionEnd,
    make_event,
)
from fakesmtp.sessions.masking import Masker
from fakesmtp.sessions.session import scope_of
from fakesmtp.sessions.timeline import read_shares, read_spans

OK = Reply(250, ("2.0.0 OK",))
NO = Reply(535, ("Authentication Failed",))


def make_session(number: int = 1, **options: object) -> Session:
    """Return a session without events."""
    accounts = options.pop("accounts", FixedAccounts([("Key", "Secret")]))
    return MadeSession.begin(accounts, id=f"s-{number}", **{"max_events": 100, **options})


def test_events_are_in_order_with_rising_times() -> None:
    """Lines and replies are kept in order, and times never decrease."""
    session = make_session()
    session.record_reply(Reply(220, ("ready",)))
    session.record_line(b"NOOP\r\n", Awaiting.COMMAND)
    session.record_reply(OK)
    session.record_message("m-1", b"0123456789", Envelope("", ()))
    session.record_end(ClosedBy.QUIT)
    kinds = [event.kind for event in session.events]
    server, client, message, end = (
        ServerReply.kind,
        ClientLine.kind,
        MessageData.kind,
        SessionEnd.kind,
    )
    assert kinds == [server, client, server, message, end]
    times = [event.at for event in session.events]
    assert times == sorted(times)
    assert session.duration == pytest.approx(times[-1] / 1_000_000, abs=1e-6)
    assert session.commands == ("NOOP",)
    assert session.replies[1] == OK


def test_transcript_looks_like_the_guide() -> None:
    """Every line starts with `C:` or `S:`, also each line of a reply with several lines."""
    session = make_session()
    session.record_line(b"EHLO a\r\n", Awaiting.COMMAND)
    session.record_reply(Reply(250, ("one", "two")))
    assert session.transcript() == "C: EHLO a\nS: 250-one\nS: 250 two"


def test_refusals_name_the_command() -> None:
    """A refusal has its command; after a message it has the end of data."""
    session = make_session()
    session.record_line(b"AUTH PLAIN AEtleQB3cm9uZw==\r\n", Awaiting.COMMAND)
    session.record_reply(NO)
    session.record_line(b"NOOP\r\n", Awaiting.COMMAND)
    session.record_reply(OK)
    session.record_message("m-1", b"0", Envelope("", ()))
    session.record_reply(Reply(552, ("Quota exceeded",)))
    first, second = session.refusals
    assert first.command == "AUTH PLAIN AppKey=Key SecretKey=***"
    assert first.reply == NO
    assert (second.command, second.reply.code) == ("end of data", 552)


def test_only_the_first_end_counts() -> None:
    """The first reason for the end of a session is kept."""
    session = make_session()
    session.record_end(ClosedBy.IDLE)
    session.record_end(ClosedBy.CLIENT)
    assert session.closed_by is ClosedBy.IDLE
    assert len(session.events) == 1


def test_limit_of_events() -> None:
    """Events above the limit are counted, not kept; the end is always kept."""
    session = make_session(max_events=3)
    for _ in range(5):
        session.record_reply(OK)
    session.record_end(ClosedBy.QUIT)
    assert session.cut == 2
    assert len(session.events) == 4
    assert session.transcript().endswith("-- 2 more events were not kept")


def test_refusals_above_the_limit_are_kept() -> None:
    """Above the limit some refusals are kept with their commands, and the end is kept."""
    session = make_session(max_events=2)
    session.record_reply(OK)
    session.record_reply(OK)
    for _ in range(3):
        session.record_line(b"NOOP\r\n", Awaiting.COMMAND)
        session.record_reply(OK)
    session.record_line(b"RCPT TO:<x>\r\n", Awaiting.COMMAND)
    session.record_reply(Reply(550, ("5.1.1 no",)))
    session.record_end(ClosedBy.IDLE)
    assert [refusal.command for refusal in session.refusals] == ["RCPT TO:<x>"]
    assert session.cut == 6
    assert isinstance(session.events[-1], SessionEnd)
    for _ in range(3000):
        session.record_line(b"RCPT TO:<x>\r\n", Awaiting.COMMAND)
        session.record_reply(Reply(550, ("5.1.1 no",)))
    assert len(session.refusals) == 1000
    assert session.cut == 6 + 2 * 2001


def test_limit_of_bytes() -> None:
    """Long lines count by their bytes, so they cannot fill the memory."""
    session = make_session(max_events=10**6, max_bytes=100_000)
    for _ in range(1000):
        session.record_line(b"NOOP " + b"x" * 8000 + b"\r\n", Awaiting.COMMAND)
    assert session.size < 100_000 + 2 * 8100
    assert session.cut > 900


def test_log_without_events() -> None:
    """Without events a session has its client, times, number of messages and end."""
    log = SessionLog(max_events=0)
    session = MadeSession(
        log.begin("s-1", peer="127.0.0.1:1", port=587, local_port=1), AnyAccounts()
    )
    session.record_line(b"NOOP\r\n", Awaiting.COMMAND)
    session.record_reply(OK)
    session.record_note("strange")
    session.record_message("m-1", b"\xff", Envelope("", ()))
    session.record_end(ClosedBy.QUIT)
    assert [event.kind for event in session.events] == [SessionEnd.kind]
    assert (session.message_count, session.cut, session.closed_by) == (1, 0, ClosedBy.QUIT)


def test_phases_of_a_session() -> None:
    """Every event has its phase; any line after a 334 belongs to AUTH."""
    session = make_session(accounts=AnyAccounts())
    session.record_reply(Reply(220, ("ready",)))
    for line, code in (
        (b"EHLO a", 250),
        (b"AUTH LOGIN", 334),
        (b"MAIL", 334),
        (b"x", 535),
        (b"mail FROM:<>", 250),
        (b"DATA", 354),
    ):
        session.record_line(line + b"\r\n", Awaiting.COMMAND)
        session.record_reply(Reply(code, ("x",)))
    session.record_message("m-1", b"x\r\n", Envelope("", ()))
    session.record_reply(OK)
    session.record_line(b"NOOP\r\n", Awaiting.COMMAND)
    session.record_end(ClosedBy.IDLE)
    spans = [(span.phase, span.began, span.ended) for span in read_spans(session)]
    assert [phase for phase, _, _ in spans] == [
        *(Phase.GREETING, Phase.HELLO, Phase.AUTH, Phase.ENVELOPE, Phase.DATA, Phase.OTHER),
    ]
    assert [began for _, began, _ in spans[1:]] == [ended for _, _, ended in spans[:-1]]
    shares = read_shares(session.events)
    assert sum(share.length for share in shares) == session.events[-1].at


def test_limit_of_sessions() -> None:
    """The oldest sessions are dropped and counted."""
    log = SessionLog(max_sessions=2)
    sessions = [make_session(number) for number in range(3)]
    for session in sessions:
        log.add(session.session)
    assert log.snapshot() == [each.session for each in sessions[1:]]
    assert (log.opened, log.dropped) == (3, 1)
    log.forget(lambda _: True)
    assert log.snapshot() == []


def fill(session: Session, size: int) -> None:
    """Record about `size` bytes in a session, in lines of 500 bytes."""
    for _ in range(size // 500):
        session.record_line(b"NOOP " + b"x" * 493 + b"\r\n", Awaiting.COMMAND)


def test_limit_of_bytes_of_a_log() -> None:
    """When all sessions together are too large, the oldest is dropped, open or closed."""
    log = SessionLog(max_total_bytes=130_000)
    for number in range(3):
        log.add(make_session(number, max_events=1000).session)
    sessions = log.snapshot()
    first, second, third = (MadeSession(each, AnyAccounts()) for each in sessions)
    fill(second, 40_000)
    second.record_end(ClosedBy.QUIT)
    fill(first, 30_000)
    assert log.snapshot() == sessions
    fill(third, 50_000)
    assert log.snapshot() == sessions[1:]
    assert (log.opened, log.dropped) == (3, 1)
    assert (first.events, first.cut) == ((), 60)
    fill(first, 90_000)
    first.record_end(ClosedBy.CLIENT)
    assert [event.kind for event in first.events] == [SessionEnd.kind]
    assert log.snapshot() == sessions[1:]
    fill(third, 60_000)
    assert (log.snapshot(), second.duration) == (sessions[2:], second.events[-1].at / 1_000_000)
    fill(third, 900_000)
    assert log.snapshot() == sessions[2:]


def test_stored_sessions_are_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that a durable store has leave the log before others, with their events."""
    monkeypatch.setattr(log_module, "MAX_STORED_BYTES", 60_000)
    log = SessionLog(max_total_bytes=1_000_000)
    made = [make_session(number, max_events=1000) for number in range(3)]
    for each in made:
        log.add(each.session)
        fill(each, 40_000)
    log.mark_stored(made[1].session)
    assert log.snapshot() == [each.session for each in made]
    log.mark_stored(made[2].session)
    assert log.snapshot() == [made[0].session, made[2].session]
    assert (len(made[1].events), log.opened, log.dropped) == (80, 2, 0)
    log.forget(lambda _: True)
    log.mark_stored(made[2].session)
    assert log.snapshot() == []


@given(st.data())
def test_any_sessions_stay_within_the_limits(data: st.DataObject) -> None:
    """However sessions grow and end, they stay within the limit, except for a single large one."""
    most = 60_000
    log = SessionLog(max_sessions=4, max_total_bytes=most)
    made: list[MadeSession] = []
    for number in range(data.draw(st.integers(1, 8))):
        made.append(make_session(number, max_events=1000))
        log.add(made[-1].session)
        sizes = st.integers(0, 30).map(lambda count: count * 1000)
        for session, size in data.draw(
            st.lists(st.tuples(st.sampled_from(made), sizes), max_size=3)
        ):
            fill(session, size)
        kept = log.snapshot()
        gone = len(made) - len(kept)
        assert kept == [each.session for each in made[gone:]]
        assert len(kept) == 1 or sum(each.held for each in kept) <= most
        assert not any(each.events for each in made[:gone])


def test_growing_session_is_dropped_when_it_is_the_oldest() -> None:
    """The oldest session is dropped, also when it is the session that grows."""
    log = SessionLog(max_total_bytes=100_000)
    old, new = (make_session(number, max_events=1000) for number in range(2))
    log.add(old.session)
    log.add(new.session)
    fill(new, 10_000)
    fill(old, 200_000)
    assert (log.snapshot(), old.events, old.cut) == ([new.session], (), 400)


def test_forgotten_sessions_do_not_count() -> None:
    """Sessions that were forgotten or cleared do not count, also when they grow."""
    log, scope = SessionLog(max_total_bytes=100_000), object()
    for belongs in (lambda each: scope_of(each) is scope, lambda _: True) * 3:
        session, kept = (
            make_session(1, scope=scope, max_events=1000),
            make_session(2, max_events=1000),
        )
        log.add(session.session)
        fill(session, 60_000)
        log.forget(belongs)
        fill(session, 60_000)
        log.add(kept.session)
        fill(kept, 60_000)
        assert log.snapshot()[-1:] == [kept.session]
        assert len(kept.events) == 120
        log.forget(lambda _: True)


@pytest.mark.parametrize(
    ("line", "awaiting", "masked"),
    [
        (b"NOOP\r\n", Awaiting.COMMAND, b"NOOP"),
        (
            b"auth plain AEtleSNhZABTZWNyZXQ=\r\n",
            Awaiting.COMMAND,
            b"auth plain AppKey=Key mailType=ad SecretKey=***",
        ),
        (b"AUTH PLAIN !!!\r\n", Awaiting.COMMAND, b"AUTH PLAIN ***"),
        (b"AUTH PLAIN\r\n", Awaiting.COMMAND, b"AUTH PLAIN"),
        (b"AUTH PLAIN=xyz\r\n", Awaiting.COMMAND, b"AUTH ***"),
        (b"AUTH \r\n", Awaiting.COMMAND, b"AUTH "),
        (b"AUTH CRAM-MD5\r\n", Awaiting.COMMAND, b"AUTH CRAM-MD5"),
        (b"AUTH LOGIN S2V5\r\n", Awaiting.COMMAND, b"AUTH LOGIN AppKey=Key"),
        (b"AUTH OTHER abc\r\n", Awaiting.COMMAND, b"AUTH ***"),
        (b"AEtleQBTZWNyZXQ=\r\n", Awaiting.PLAIN, b"AppKey=Key SecretKey=***"),
        (b"Secret\r\n", Awaiting.PLAIN, b"***"),
        (b"S2V5I2F1dGg=\r\n", Awaiting.LOGIN_USER, b"AppKey=Key mailType=auth"),
        (b"U2VjcmV0\r\n", Awaiting.LOGIN_USER, b"AppKey=***"),
        (b"U2VjcmV0\r\n", Awaiting.LOGIN_PASSWORD, b"SecretKey=***"),
        (b"*\r\n", Awaiting.LOGIN_PASSWORD, b"*"),
        (b"NOOP Secret\r\n", Awaiting.COMMAND, b"NOOP ***"),
        (b"Secret\r\n", Awaiting.COMMAND, b"***"),
        (b"U2VjcmV0\r\n", Awaiting.COMMAND, b"***"),
        (b"NOOP AEtleQBTZWNyZXQ=\r\n", Awaiting.COMMAND, b"NOOP ***"),
        (
            b"  AUTH PLAIN AEtleQBTZWNyZXQ=\r\n",
            Awaiting.COMMAND,
            b"AUTH PLAIN AppKey=Key SecretKey=***",
        ),
        (b"AUTH\tPLAIN AEtleQBTZWNyZXQ=\r\n", Awaiting.COMMAND, b"AUTH***"),
        (b"AUTHPLAIN AEtleQBTZWNyZXQ=\r\n", Awaiting.COMMAND, b"AUTH***"),
        (b"LOGIN AGEAYg==\r\n", Awaiting.COMMAND, b"***"),
        (b"SecretEHLO a\r\n", Awaiting.COMMAND, b"***"),
    ],
)
def test_masking(line: bytes, awaiting: Awaiting, masked: bytes) -> None:
    """The parts of AUTH are shown, except for the SecretKey."""
    kept = Masker(FixedAccounts([("Key", "Secret")])).mask(line, awaiting)
    assert make_event(0, kept.content).text == masked.decode()


def echo_back(line: bytes) -> Reply:
    """Return a reply that repeats the line in capitals, as the reply to an unknown command."""
    return Reply(500, (f"5.5.1 Command {line.strip().upper().decode()} unrecognized.",))


@pytest.mark.parametrize("line", [b"Secret\r\n", b"AEtleQBTZWNyZXQ=\r\n", b"U2VjcmV0\r\n"])
def test_echo_of_a_masked_line_is_masked(line: bytes) -> None:
    """The echo of a masked line in its reply is masked, and the next reply is not."""
    session = make_session()
    session.record_line(line, Awaiting.COMMAND)
    session.record_reply(echo_back(line))
    session.record_reply(OK)
    assert session.transcript(notes=False) == "C: ***\nS: 500 ***\nS: 250 2.0.0 OK"


@given(st.binary(max_size=200), st.sampled_from(Awaiting))
def test_any_line_is_kept_readable(line: bytes, awaiting: Awaiting) -> None:
    """Any bytes of a client are recorded as printable text."""
    session = make_session(accounts=AnyAccounts())
    session.record_line(line, awaiting)
    session.record_reply(Reply(500, ("x",)))
    said = [event for event in session.events if not isinstance(event, Note)]
    assert [event.kind for event in said] == [ClientLine.kind, ServerReply.kind]
    assert session.transcript().isprintable() or "\n" in session.transcript()


def test_unusual_app_key_is_kept() -> None:
    """With `accounts="any"` an AppKey with a NUL is recorded, and can be read."""
    session = make_session()
    session.record_login(Login("a\0b", MailType.AD), "LOGIN")
    assert session.events[0].content == LoggedIn("a\0b", "ad", "LOGIN")
    assert "a\\x00b#ad (LOGIN)" in session.events[0].text
