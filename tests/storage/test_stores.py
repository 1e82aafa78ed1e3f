"""Every store: searches, pages, counts, removal, marks, sessions."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from unicodedata import normalize

import pytest
from made_records import BEGAN, make_record, make_session
from made_sessions import MadeSession

from fakesmtp.protocol.credentials import MailType
from fakesmtp.sessions.contents import TlsFacts
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.loading import load_content
from fakesmtp.storage.base import Count, all_messages, all_sessions
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.query import EVERYTHING
from fakesmtp.storage.sessions import list_record, read_session, record_session

if TYPE_CHECKING:
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.base import Store

TLS = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 0.001, "localhost")


def message(subject: str = "hi", body: str = "hello", head: str = "") -> str:
    """Return the text of a message in 8 bit."""
    return (
        f"From: Sender <from@example.com>\r\nSubject: {subject}\r\n{head}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    )


WITH_FILES = (
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n'
    'Content-Type: application/pdf; name="보고서.pdf"\r\nContent-Disposition: attachment\r\n\r\nx'
    "\r\n--b--\r\n"
)
WITH_INLINE = (
    'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
    "<p>Look <b>here</b></p>\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n\r\nx"
    "\r\n--b--\r\n"
)
ENCODED = message("=?utf-8?B?7ZmN6ri464+Z64uYIOyjvOusuA==?=", "x")  # 홍길동님 주문

#: A message, searches that find it, and searches that do not.
TABLE: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "one syllable": (message(body="고"), ("고", "body:고"), ("광", "subject:고")),
    "one syllable at the end": (message(body="광고"), ("고", "광", "광고"), ("고광",)),
    "two syllables": (
        message(body="새 주문이요"),
        ("주문", "문이", '"새 주"'),
        ("문주", '"주 문"'),
    ),
    "three syllables": (
        message(body="인증번호 안내"),
        ("인증번", "증번호", '"호 안"'),
        ("인증호",),
    ),
    "the text ends": (message(body="ab"), ("ab", "b", "a"), ("abc", "ba")),
    "NFD in the message": (message(normalize("NFD", "각하 인증")), ("각하", "각", "인증"), ("가",)),
    "NFD in the search": (
        message("각하 인증"),
        tuple(normalize("NFD", each) for each in ("각하", "각", "인증")),
        (normalize("NFD", "가"),),
    ),
    "full width": (message("ＡＢＣ １２３"), ("abc", "ABC 123", "ａｂ", "ｃ"), ("abd",)),  # noqa: RUF001 - full width on purpose
    "half width": (message("ｶﾀｶﾅ"), ("カタ", "ｶﾀｶﾅ", "カ"), ("キ",)),
    "letters alone": (
        message(body="ㅋㅋㅋㅠㅠ 하하"),
        ("ㅋㅋ", "ㅋ", "ㅋㅠㅠ", "ㅠ"),
        ("큐", "ㅋㅎ"),
    ),
    "case": (message("Straße ÄÖ"), ("STRASSE", "äö", "straße"), ("ao",)),
    "per cent": (message(body="50% off"), ("50%", "0% o", "%"), ("5%", "50%f", "%%")),
    "no per cent": (message(body="50 x off"), ("50",), ("%", "50%", "5%f")),
    "underscore": (message(body="a_b"), ("a_b", "_", "_b"), ("__", "b_a")),
    "no underscore": (message(body="axb"), ("axb",), ("a_b", "_")),
    "quotes": (message(body="say 'yes' or \\ stop"), ("'yes'", "'", "\\ s"), ("''", "'no'")),
    "operators of the index": (
        message(body="a AND b"),
        ('"a AND b"', "AND", "a*"[:1]),
        ("a*", "a^b"),
    ),
    "brackets": (
        message("(광고) 세일"),
        ("(광고)", "subject:(광", "고)"),
        ("[광고]", "광고 세일x"),
    ),
    "encoded subject": (ENCODED, ("홍길동님", "subject:길동", "님 주", "주문"), ("길홍", "7ZmN")),
    "wrapped lines": (message(body="인증\r\n번호"), ('"인증 번호"', "인증"), ("인증번호",)),
    "emoji": (message(body="done 🎉🎊!"), ("🎉", "🎉🎊", "🎉🎊!"), ("🎊🎉",)),
    "from": (message(), ("from:sender", "from:<from@", "from:EXAMPLE"), ("from:to@", "to:from@")),
    "to and cc": (
        message(head="To: Kim <kim@a.kr>\r\nCc: =?utf-8?B?7J20?= <lee@a.kr>\r\n"),
        ("to:kim", "cc:lee", "cc:이", "addressed:lee", "addressed:from@", "kim@a.kr"),
        ("to:lee", "cc:kim", "bcc:kim"),
    ),
    "bcc and reply-to": (
        message(head="Bcc: b@a.kr\r\nReply-To: r@a.kr\r\n"),
        ("bcc:b@", "reply-to:r@", "addressed:b@a", "addressed:r@a"),
        ("bcc:r@", "reply-to:b@", "to:b@"),
    ),
    "envelope": (message(), ("rcpt:rcpt@example", "rcpt@", "bounce@"), ("to:rcpt@", "rcpt:from@")),
    "a hidden recipient": (
        message(head="To: Kim <kim@a.kr>\r\n"),
        ("bcc:rcpt@", "addressed:rcpt@"),
        ("to:rcpt@", "cc:rcpt@"),
    ),
    "no hidden recipient": (
        message(head="Cc: <RCPT@example.com>\r\n"),
        ("rcpt:rcpt@", "cc:rcpt@"),
        ("bcc:rcpt@", "to:rcpt@"),
    ),
    "message id": (
        message(head="Message-ID: <AbC.1@host>\r\n"),
        ("message-id:abc.1@host", "message-id:<abc.1@host>", "message-id:c.1"),
        ("message-id:abd", "abc.1@host"),
    ),
    "header": (
        message(head="X-Order: 가나 42\r\nX-Order: second\r\n"),
        (
            "header:x-order=42",
            "header:X-Order",
            "header:x-order=가나",
            "header:x-order=second",
            "bounce header:x-order=42",
        ),
        ("header:x-order=43", "header:x-other", "header:subject=42", "header:x-orde=42"),
    ),
    "files": (
        WITH_FILES,
        ("보고서", "보고서.pdf", "has:attachment", "has:attachments", "-has:inline"),
        ("body:보고서", "has:inline"),
    ),
    "inline": (WITH_INLINE, ("has:inline", "look here", "has:inlines"), ("has:attachment", "<b>")),
    "sizes": (
        message(body="x" * 5000),
        ("larger:4k", "smaller:1M", "-smaller:4k"),
        ("smaller:4k", "larger:1mb", "-larger:4k"),
    ),
    "times": (
        message(),
        ("after:2026-01-01", "before:2027-01-01", "-before:2026-01-01", "after:01/01/2026"),
        ("before:2026-01-01", "after:2027-01-01", "-after:2026-01-01"),
    ),
    "facts": (
        message(),
        ("type:ad", "appkey:App1", "port:587", "tls:1.3", "tls:yes", "session:made-1", "is:unread"),
        ("type:auth", "appkey:app1", "port:25", "tls:1.2", "tls:no", "session:made", "is:tagged"),
    ),
    "several words": (
        message("가나", "다라"),
        ("가나 다라", "다라 -마바", "!마바", "가 라"),
        ("가나 마바", "-가나", "!다"),
    ),
    "not a prefix": (
        message(body="at 12:30 https://a.kr Re:x"),
        ("12:30", "https://a.kr", "Re:x"),
        ("12:31",),
    ),
    "nothing": ("", ("", "-z"), ("z", "subject:a")),
}


def full_record(raw: str) -> MessageRecord:
    """Return a record with every fact."""
    return make_record(
        raw,
        mail_from="bounce@example.com",
        rcpt_tos=("rcpt@example.com",),
        app_key="App1",
        mail_type=MailType.AD,
        tls=TLS,
    )


def found(store: Store, text: str) -> set[str]:
    """Return the ids that a search finds."""
    return {row.record.id for row in all_messages(store, parse_query(text, UTC))}


@pytest.mark.parametrize("name", TABLE)
def test_searches(store: Store, name: str) -> None:
    """Each search of the table finds its message, or not, and never another message."""
    raw, hits, misses = TABLE[name]
    wanted = full_record(raw)
    store.add(make_record("Subject: other\r\n\r\nsomething else\r\n"))
    store.add(wanted).result(60)
    assert [text for text in hits if wanted.id not in found(store, text)] == []
    assert [text for text in misses if wanted.id in found(store, text)] == []
    for text in (*hits, *misses):
        assert store.count(parse_query(text, UTC)) == Count(len(found(store, text)))


def test_message_is_returned_unchanged(store: Store) -> None:
    """A stored message has the same bytes and facts, whatever its bytes are."""
    raws = [b"", b"\x00\xff\r\n.\r\n", "각".encode("cp949"), b"x" * 3_000, bytes(range(256)) * 40]
    records = [
        make_record(raw, app_key="App1", tls=TLS, scope="a test", dropped_lines=2) for raw in raws
    ]
    records[0] = records[0]._replace(
        envelope=records[0].envelope._replace(mail_from="a\udcff@b", mail_parameters=("SIZE=1",))
    )
    tickets = [store.add(record) for record in records]
    assert [ticket.result(60) for ticket in tickets] == [1, 2, 3, 4, 5]
    assert [store.get(record.id) for record in records] == records
    assert store.get("unknown") is None


def test_pages(store: Store) -> None:
    """Pages have each message once, in both orders, also while messages are added and removed."""
    records = [make_record(f"Subject: {n}\r\n\r\n") for n in range(7)]
    for record in records:
        store.add(record).result(60)
    first = store.page(limit=3)
    assert [row.facts.subject for row in first.rows] == ["6", "5", "4"]
    store.add(make_record()).result(60)
    store.remove([records[3].id]).result(60)
    second = store.page(cursor=first.cursor, limit=3)
    assert [row.facts.subject for row in second.rows] == ["2", "1", "0"]
    assert second.cursor is None
    ordered = [row.number for row in all_messages(store, limit=2)]
    assert ordered == sorted(ordered) == [1, 2, 3, 5, 6, 7, 8]
    newest = [row.number for row in all_messages(store, oldest_first=False, limit=2)]
    assert newest == ordered[::-1]


def test_rows(store: Store) -> None:
    """A row has the facts that a list shows, without the message's bytes."""
    store.add(full_record(message("제목", "본문  입니다\r\n둘째"))).result(60)
    row = store.page().rows[0]
    assert (row.record.raw, row.size) == (
        b"",
        len(message("제목", "본문  입니다\r\n둘째").encode()),
    )
    assert row.facts.subject == "제목"
    assert row.facts.from_ == "Sender <from@example.com>"
    assert row.facts.snippet == "본문 입니다 둘째"
    assert (row.record.login, row.record.tls) == (full_record("").login, TLS)


def test_counts(store: Store) -> None:
    """A count is exact up to a limit, and says when there are more."""
    for _ in range(4):
        store.add(make_record(message(body="가나다"))).result(60)
    query = parse_query("가나")
    assert store.count(query, most=4) == Count(4)
    assert store.count(query, most=3) == Count(3, is_exact=False)
    assert store.count(query, most=None) == Count(4)
    assert store.count(EVERYTHING, most=1) == Count(4)
    assert str(store.count(query, most=3)) == "at least 3"


def test_removal(store: Store) -> None:
    """Removed messages are not found; removal returns the ids of existing messages, once."""
    records = [make_record(message(body="가나다")) for _ in range(5)]
    for record in records:
        store.add(record).result(60)
    ids = [record.id for record in records]
    gone = store.remove([ids[0], ids[0], "unknown", ids[2]]).result(60)
    assert sorted(gone) == sorted([ids[0], ids[2]])
    assert store.remove([ids[0]]).result(60) == []
    assert found(store, "가나") == found(store, "나") == {ids[1], ids[3], ids[4]}
    assert store.get(ids[0]) is None
    assert set(store.remove_matching(parse_query("가나")).result(60)) == {ids[1], *ids[3:]}
    assert store.count() == Count(0)
    number = store.add(make_record()).result(60)
    assert number == 6


def test_marks(store: Store) -> None:
    """Messages can be marked as read and tagged; a search for a whole tag ignores its case."""
    one, other = make_record(), make_record()
    store.add(one)
    store.add(other).result(60)
    assert store.mark_read([one.id, "unknown"]).result(60) == 1
    assert store.tag([one.id], ["Later", "가나", "LATER"]).result(60) == 1
    assert found(store, "is:read") == found(store, "tag:later") == {one.id}
    assert found(store, "is:unread") == found(store, "-is:tagged") == {other.id}
    assert found(store, "tag:late") == set()
    row = next(row for row in store.page().rows if row.record.id == one.id)
    assert (row.is_read, row.tags) == (True, ("Later", "가나"))
    store.tag([one.id], []).result(60)
    store.mark_read([one.id], is_read=False).result(60)
    assert found(store, "is:tagged") == found(store, "is:read") == set()


def test_sessions(store: Store) -> None:
    """Sessions are returned unchanged, in pages, with the number of their stored messages."""
    lines = '{"가": 1}\n'.encode() * 200
    record = make_record(session_id="made-2")
    store.add(record).result(60)
    made = [make_session(f"made-{n}", lines=lines, faults=("Rule One",)) for n in (1, 2, 3)]
    for session in made:
        store.add_session(lambda session=session: session).result(60)
    assert store.session("made-2") == made[1]
    assert store.session("unknown") is None
    assert store.count_sessions() == Count(3)
    assert [row.record.header.id for row in all_sessions(store)] == ["made-1", "made-2", "made-3"]
    first = store.session_page(limit=2)
    assert [(row.record.header.id, row.stored) for row in first.rows] == [
        ("made-3", 0),
        ("made-2", 1),
    ]
    assert first.rows[0].record == made[2]._replace(lines=b"")
    assert [row.record.header.id for row in store.session_page(cursor=first.cursor).rows] == [
        "made-1"
    ]
    assert found(store, "fault:rule") == found(store, 'fault:"RULE ONE"') == {record.id}
    assert found(store, "fault:two") == set()


def test_a_recording_without_an_end_stays_so(store: Store) -> None:
    """A recording of a server that was killed is stored, listed and read without an end."""
    lines = dump_bytes(MadeSession.begin(id="cut").session)
    record = record_session(load_content(lines, "cut.jsonl"))
    store.add_session(lambda: record).result(60)
    (row,) = store.session_page().rows
    stored = store.session("cut")
    assert stored is not None
    for listed in (list_record(row.record), ListedSession.of(read_session(stored))):
        assert (listed.end, listed.is_open) == (None, False)
        assert listed.outcome == "no end is recorded"


def test_searches_by_time_include_the_moment(store: Store) -> None:
    """`before:` and `after:` include the moment itself, also when negated, as in Mailpit."""
    record = make_record(received=1_798_761_600.0)
    store.add(record).result(60)
    for text in (
        "before:2027-01-01",
        "after:2027-01-01",
        "-before:2027-01-01",
        "-after:2027-01-01",
    ):
        assert found(store, text) == {record.id}
    assert record.received > BEGAN
