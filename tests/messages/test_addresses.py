"""Addresses in headers."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_messages import make_message

from fakesmtp.messages import Conditions
from fakesmtp.messages.addresses import read_addresses, read_mailboxes, read_shown_mailboxes

UNREADABLE = "[cannot be read as an address]"


def word(text: str) -> str:
    """Return a text as an encoded word."""
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (
            "ok@example.org, park@example.org <park@example.org>",
            ["ok@example.org", "park@example.org"],
        ),
        ("x@decoy.example <to@example.com>", ["to@example.com"]),
        ('"x@decoy.example, y" <to@example.com>', ["to@example.com"]),
        ("a@x.example b@y.example", ["a@x.example", "b@y.example"]),
        ("a@x.example; b@y.example", ["a@x.example", "b@y.example"]),
        ("<a@x.example> <b@y.example>", ["a@x.example", "b@y.example"]),
        ("<a@x.example> b@y.example", ["a@x.example", "b@y.example"]),
        ("<a@x.example, b@y.example", ["a@x.example", "b@y.example"]),
        ('"unclosed <a@x.example>, b@y.example', ["a@x.example", "b@y.example"]),
        ("(unclosed a@x.example, b@y.example", ["a@x.example", "b@y.example"]),
        ("Kim (a, b@decoy.example) <a@x.example>", ["a@x.example"]),
        ("pete(his (own) account)@x.example (work)", ["pete@x.example"]),
        ("a . b @ x . example", ["a.b@x.example"]),
        ('"a b"@x.example', ['"a b"@x.example']),
        ("a@[IPv6:::1], b@[192.0.2.1]", ["a@[IPv6:::1]", "b@[192.0.2.1]"]),
        (
            "Team: a@x.example, B <b@y.example>;, c@z.example",
            ["a@x.example", "b@y.example", "c@z.example"],
        ),
        ("<@r1.example,@r2.example:a@x.example>, b@y.example", ["a@x.example", "b@y.example"]),
        ("mailto:a@x.example, <mailto:b@y.example>", ["a@x.example", "b@y.example"]),
        ("undisclosed-recipients:;", []),
        ("root, a@x.example,,", ["root", "a@x.example"]),
        ("a@x.example <>", ["a@x.example"]),
        ("=?utf-8?Q?Kim,_Lee?= <a@x.example>", ["a@x.example"]),
        (f"{word('이름@회사')} <a@x.example>", ["a@x.example"]),
        ("홍길동 <hong@한글.example>", ["hong@한글.example"]),
        ("", []),
        (",;<>", []),
    ],
)
def test_addresses(value: str, addresses: list[str]) -> None:
    """Each address is found, next to any others; names that look like addresses are not."""
    assert read_addresses(value) == addresses


@pytest.mark.parametrize(
    "value",
    [
        word("홍길동 <hong@example.com>"),
        word("hong@example.com"),
        f"<{word('hong@example.com')}>",
        f"홍 <{word('hong@example.com')}>",
        f'"{word("hong@example.com")}"',
        f'"{word("hong@example.com")}" <홍길동>',
        "=?utf-8?Q?hong=40example.com?=",
        "=?utf-8?Q?hong@example.com?=",
        '"hong@example.com"',
    ],
)
def test_addresses_inside_words(value: str) -> None:
    """An address inside an encoded word or quotes is found."""
    assert "hong@example.com" in read_addresses(value)
    message = make_message(f"Cc: {value}\r\n\r\n".encode())
    assert Conditions(cc="hong@example.com").matches(message)


def test_text_without_an_address_has_a_marker() -> None:
    """Text without an address has a marker; the other addresses are found."""
    assert read_addresses(f"{word('홍 길동')} x, a@x.example") == [
        f"{UNREADABLE} 홍 길동 x",
        "a@x.example",
    ]
    assert not Conditions(cc=None).matches(make_message(b"Cc: John Q Public\r\n\r\n"))


@pytest.mark.parametrize("odd", ["park@example.org <park@example.org>", "(((", '"', "<<", "a b c"])
@pytest.mark.parametrize("name", ["To", "Cc", "From"])
def test_an_invalid_address_does_not_hide_the_others(name: str, odd: str) -> None:
    """`wait_for` and `expect_none` find an address next to an invalid one."""
    message = make_message(f"{name}: {odd}, ok@example.org\r\n\r\n".encode())
    condition = {"To": "to", "Cc": "cc", "From": "from_"}[name]
    assert Conditions(**{condition: "ok@example.org"}).matches(message)


@given(st.text(alphabet='a@.,;:<>()[]"\\ =?utf8QB\r\n\0가', max_size=60))
def test_any_text_gives_printable_values(text: str) -> None:
    """Any header gives printable values, and none is empty."""
    for address in read_addresses(text):
        assert address.encode().strip()


@given(st.text(alphabet='a.,;:<>()[]"\\ =?utf8QB', max_size=40))
def test_any_text_before_a_plain_address(text: str) -> None:
    """An address after a comma is found after any text, if its quotes are closed."""
    closed = text.replace("\\", "").replace('"', "").replace("<", "").replace("(", "")
    assert "ok@example.org" in read_addresses(f"{closed.replace('?', '')},ok@example.org")


NAMED = {
    "Kim <kim@example.com>": [("Kim", "kim@example.com")],
    '"Kim, Chul" <kim@example.com>, lee@example.com': [
        ("Kim, Chul", "kim@example.com"),
        ("", "lee@example.com"),
    ],
    "=?utf-8?B?7ZmN6ri464+ZKOyduOyCrO2MgCk=?= <hong@example.com>": [
        ("홍길동(인사팀)", "hong@example.com")
    ],
    "J. R. Kim <kim@example.com>": [("J. R. Kim", "kim@example.com")],
    r'"a\"b" <kim@example.com>': [('a"b', "kim@example.com")],
    "kim@example.com <lee@example.com>": [("kim@example.com", "lee@example.com")],
    "Team: kim@example.com, Lee <lee@example.com>;": [
        ("", "kim@example.com"),
        ("Lee", "lee@example.com"),
    ],
    "undisclosed-recipients:;": [],
    "no address": [("no address", "")],
    "": [],
}


@pytest.mark.parametrize("value", NAMED)
def test_names_belong_to_addresses(value: str) -> None:
    """Each address of a header has its decoded name."""
    assert read_mailboxes(value) == NAMED[value]


SHOWN = {
    "홍길동(인사팀) <hong@example.com>": [("홍길동(인사팀)", "hong@example.com")],
    "Kim, Chul <kim@example.com>, lee@example.com": [
        ("Kim, Chul", "kim@example.com"),
        ("", "lee@example.com"),
    ],
    "lee@example.com, Kim, Chul <kim@example.com>": [
        ("", "lee@example.com"),
        ("Kim, Chul", "kim@example.com"),
    ],
    '"Kim, Chul" <kim@example.com>': [("Kim, Chul", "kim@example.com")],
    "NHN: 알림 <a@example.com>": [("NHN: 알림", "a@example.com")],
    '"kim@example.com" <kim@example.com>': [("kim@example.com", "kim@example.com")],
    "lee@example.com, kim@example.com <kim@example.com>": [
        ("", "lee@example.com"),
        ("kim@example.com", "kim@example.com"),
    ],
    "lee@example.com, <kim@example.com>": [("", "lee@example.com"), ("", "kim@example.com")],
    '"a, b"@example.com, "c d"@example.com': [
        ("", '"a, b"@example.com'),
        ("", '"c d"@example.com'),
    ],
    "root@example.com (Cron Daemon)": [("", "root@example.com")],
    "undisclosed-recipients:;": [],
    "Friends: a@example.com, B <b@example.com>; c@example.com": [
        ("", "a@example.com"),
        ("B", "b@example.com"),
        ("", "c@example.com"),
    ],
    "no address": [("no address", "")],
    "": [],
}


@pytest.mark.parametrize("text", SHOWN)
def test_names_are_read_in_readable_form(text: str) -> None:
    """A name may contain commas, colons and parentheses, or look like an address."""
    assert read_shown_mailboxes(text) == SHOWN[text]
