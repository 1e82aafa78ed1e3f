"""Conditions and near misses."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_messages import make_message, with_subject

from fakesmtp.errors import ConfigurationError
from fakesmtp.messages import Conditions, Envelope, Mismatch, ReceivedMessage, nearest_miss
from fakesmtp.messages.matching import Miss
from fakesmtp.protocol.credentials import Login, MailType

RAW = """\
From: =?utf-8?B?7ZmN6ri464+Z?= <Hong@Example.com>
To: "x@decoy.example, y" <to@example.com>, group@example.com
Cc: cc@example.com
Subject: Welcome
X-Id: 7
X-Id: 8
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Your code is 123456: https://example.com/a
--b
Content-Type: text/html

<p>Hello <b>wor</b>ld</p>
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="=?utf-8?B?6rKs7KCB7IScLnBkZg==?="

x
--b--
""".replace("\n", "\r\n").encode()


@pytest.fixture
def message() -> ReceivedMessage:
    """Return a message with a value for every condition."""
    rcpt_tos = ("to@example.com", "Bcc@Example.COM")
    return make_message(RAW, rcpt_tos=rcpt_tos, login=Login("key", MailType.AD))


HOLD = [
    {},
    {"to": "to@example.com"},
    {"to": "Bcc@example.com"},
    {"to": "cc@EXAMPLE.com"},
    {"to": re.compile("^group@")},
    {"to": lambda address: address.endswith("@example.com")},
    {"to": ["to@example.com", "cc@example.com"]},
    {"cc": "cc@example.com"},
    {"from_": "sender@example.com"},
    {"from_": "Hong@example.com"},
    {"sender": "Hong@example.com"},
    {"mail_from": "sender@EXAMPLE.com"},
    {"rcpt_tos": "Bcc@example.com"},
    {"rcpt_tos": ("to@example.com", "Bcc@Example.COM")},
    {"subject": "Welcome"},
    {"subject": re.compile("come$")},
    {"subject": str.istitle},
    {"mail_type": "ad"},
    {"mail_type": MailType.AD},
    {"mail_type": re.compile("^a")},
    {"app_key": "key"},
    {"body": "code is"},
    {"body": "Hello world"},
    {"body": re.compile(r"\d{6}")},
    {"text": "123456"},
    {"html": "<b>wor"},
    {"html_text": "Hello world"},
    {"attachment": "견적서.pdf"},
    {"attachment": re.compile(r"\.pdf$")},
    {"headers": {"x-id": "7"}},
    {"headers": {"X-Id": "8", "Subject": re.compile("W")}},
    {"headers": {"X-None": None}},
    {"links": "https://example.com/a"},
    {"port": 587},
    {"tls": None},
    {"raw": RAW},
    {"raw": re.compile(rb"X-Id: \d")},
    {"raw": re.compile("X-Id")},
    {"session_id": "made"},
    {"envelope": Envelope("sender@example.com", ("to@example.com", "Bcc@Example.COM"))},
    {"received_at": lambda at: at.year == 2023},
]
FAIL = [
    {"to": "x@decoy.example"},
    {"to": "Group@example.com"},
    {"to": ["to@example.com", "other@example.com"]},
    {"to": "sender@example.com"},
    {"rcpt_tos": "cc@example.com"},
    {"rcpt_tos": ()},
    {"from_": "홍길동"},
    {"subject": "welcome"},
    {"subject": "Welcom"},
    {"subject": None},
    {"mail_type": "auth"},
    {"app_key": None},
    {"body": "<b>wor"},
    {"text": "Hello"},
    {"text": None},
    {"html": "123456"},
    {"attachment": "견적서"},
    {"attachment": None},
    {"headers": {"X-Id": "9"}},
    {"headers": {"Subject": None}},
    {"port": 25},
    {"raw": re.compile(rb"^y")},
]


@pytest.mark.parametrize("conditions", HOLD, ids=",".join)
def test_conditions_that_hold(message: ReceivedMessage, conditions: dict[str, object]) -> None:
    """A message that meets a condition matches and has no mismatches."""
    built = Conditions(**conditions)
    assert built.matches(message)
    assert built.mismatches(message) == ()


@pytest.mark.parametrize("conditions", FAIL, ids=",".join)
def test_conditions_that_do_not_hold(
    message: ReceivedMessage, conditions: dict[str, object]
) -> None:
    """A message that does not meet a condition has a mismatch with its name."""
    built = Conditions(**conditions)
    assert not built.matches(message)
    (mismatch,) = built.mismatches(message)
    assert mismatch.condition.split()[0].rstrip("s") == next(iter(conditions)).rstrip("s")


def test_a_message_without_login() -> None:
    """A message without a login has no AppKey and no mail type."""
    message = make_message(login=None)
    assert Conditions(app_key=None, mail_type=None, html=None, attachment=None).matches(message)
    assert not Conditions(mail_type="normal").matches(message)


def test_every_attribute_is_a_condition(message: ReceivedMessage) -> None:
    """Every attribute is a condition, and a message meets its own attributes."""
    methods = {"header", "find_code", "attachment", "record"}
    for name in set(dir(ReceivedMessage)) - methods - {"headers", "from_", "to", "cc"}:
        if not name.startswith("_"):
            assert Conditions(**{name: getattr(message, name)}).matches(message), name


def test_unknown_condition() -> None:
    """An unknown condition is an error that suggests one and lists all."""
    with pytest.raises(ConfigurationError, match=r"'subjekt'; did you mean 'subject'\?.*app_key, "):
        Conditions(subjekt="x")
    for wrong, right in (("recipient", "to"), ("from", "from_"), ("filename", "attachment")):
        with pytest.raises(ConfigurationError, match=rf"'{wrong}'; did you mean '{right}'\?"):
            Conditions(**{wrong: "x"})
    with pytest.raises(ConfigurationError, match=r"'zzz' \(known: .*headers, .*to\)$"):
        Conditions(zzz="x")


def test_invalid_values_of_conditions() -> None:
    """An unknown mail type, and headers that are not a mapping, are errors."""
    with pytest.raises(
        ConfigurationError, match="must be one of 'normal', 'auth', 'ad', not 'promo'"
    ):
        Conditions(mail_type="promo")
    with pytest.raises(ConfigurationError, match="headers must be a mapping"):
        Conditions(headers="X-Id")


def test_a_bug_in_a_callable_is_raised(message: ReceivedMessage) -> None:
    """An exception of a callable is raised."""

    def broken(_: object) -> NoReturn:
        raise ZeroDivisionError

    for check in (Conditions(subject=broken).matches, Conditions(subject=broken).mismatches):
        with pytest.raises(ZeroDivisionError):
            check(message)


def test_mismatches_as_text(message: ReceivedMessage) -> None:
    """A mismatch shows the expected and the actual value."""
    built = Conditions(subject=re.compile("Hi"), mail_type="auth", headers={"X-None": "1"})
    assert built.mismatches(message) == (
        Mismatch("subject", "/Hi/", "'Welcome'"),
        Mismatch("mail_type", "'auth'", "'ad'"),
        Mismatch("header X-None", "'1'", "none"),
    )
    assert str(built) == "subject=/Hi/, mail_type='auth', header X-None='1'"
    assert str(Conditions(to=str.upper)) == "to=<str.upper>"
    assert str(Conditions()) == "any message"


def test_long_values_are_cut() -> None:
    """A long value is shortened in a mismatch."""
    (mismatch,) = Conditions(subject="y").mismatches(with_subject("x" * 5000))
    assert len(mismatch.actual) < 250


@pytest.mark.parametrize("name", ["text", "raw"])
def test_late_difference_is_shown(name: str) -> None:
    """Of two long values that begin alike, a mismatch shows the part that differs."""
    raw = b"\r\n" + b"0123456789\r\n" * 100 + b"total: 12,000\r\n"
    message = make_message(raw)
    value = getattr(message, name)
    wanted = value.replace(*((b"12,000", b"13,000") if name == "raw" else ("12,000", "13,000")))
    (mismatch,) = Conditions(**{name: wanted}).mismatches(message)
    assert ("13,000" in mismatch.expected, "12,000" in mismatch.actual) == (True, True)
    assert len(mismatch.expected) < 250


def test_nearest_miss() -> None:
    """The nearest miss has the fewest mismatches, then the most similar values."""
    other = make_message(b"Subject: Welcome\r\n\r\n", rcpt_tos=("other@example.com",))
    messages = [with_subject("Goodbye"), with_subject("Welcom"), with_subject("Bill"), other]
    described = nearest_miss(Conditions(subject="Welcome", to="to@example.com"), messages)
    assert described == (
        "nearest miss: sender@example.com -> to@example.com 'Welcom' (normal)\n"
        "  subject: expected 'Welcome', was 'Welcom'"
    )


def test_nearest_miss_of_very_many() -> None:
    """The nearest miss is found among any number of messages that differ more."""
    far = [make_message(rcpt_tos=("other@example.com",)) for _ in range(100)]
    conditions = Conditions(subject="Welcome", to="to@example.com")
    assert "'Wellcome'" in nearest_miss(conditions, [far[0], with_subject("Wellcome"), *far])


def test_nearest_miss_of_none() -> None:
    """Without a miss the description is empty."""
    assert nearest_miss(Conditions(subject="a"), []) == ""
    assert nearest_miss(Conditions(subject="a"), [with_subject("a")]) == ""


def test_likeness() -> None:
    """Fewer mismatches are closer than more that are similar."""
    alike = Mismatch("subject", "'aaaa'", "'aaab'")
    far = Mismatch("subject", "'aaaa'", "'zzzzzzz'")
    message = make_message()
    assert Miss(message, (alike,)).distance < Miss(message, (far,)).distance
    assert Miss(message, (far,)).distance < Miss(message, (alike, alike)).distance


@given(st.binary(max_size=60))
def test_any_bytes_can_be_matched(data: bytes) -> None:
    """The conditions can be tested on any bytes."""
    message = make_message(b"To: " + data + b"\r\nFrom: " + data + b"\r\n\r\n" + data)
    built = Conditions(to="a@x", sender="a@x", body="y", subject="z", attachment="a")
    assert str(Miss(message, built.mismatches(message))).encode()


@pytest.mark.parametrize(
    "condition", [{"to": 5}, {"subject": b"x"}, {"cc": ["a", 5]}, {"body": re.compile(b"x")}]
)
def test_a_condition_that_can_match_nothing_is_refused(condition: dict[str, object]) -> None:
    """A condition of the wrong type would let `expect_none` pass."""
    with pytest.raises(ConfigurationError, match="must be a text, a compiled regular"):
        Conditions(**condition)


@pytest.mark.parametrize(
    ("condition", "right"),
    [
        ({"headers": {"X-Id": 7}}, "header X-Id must be a text"),
        ({"raw": "Subject"}, "raw must be bytes"),
        ({"port": 35397}, r"port must be a port of the endpoint \(25, 587, 2587, 465, 2465\)"),
        ({"tls": "TLSv1.3"}, "tls must be True, False or a function"),
        ({"findings": "nope"}, r"there is no rule 'nope'\. The rules are ad-"),
        ({"findings": ["date-missing", "date-mising"]}, "did you mean 'date-missing'"),
        ({"findings": "starttls-unused"}, "'starttls-unused' is about sessions"),
        ({"findings": "no-reply-sender"}, "'no-reply-sender' is off, .*; switch it on"),
    ],
)
def test_a_condition_with_a_wrong_value(condition: dict[str, Any], right: str) -> None:
    """An error says what would be right."""
    with pytest.raises(ConfigurationError, match=right):
        Conditions(**condition)


def test_whether_a_message_came_over_tls() -> None:
    """True and False are conditions of `tls`, as they are options of faults."""
    plain = make_message(b"Subject: x\r\n\r\n")
    assert Conditions(tls=False).mismatches(plain) == ()
    assert Conditions(tls=True).mismatches(plain) != ()
