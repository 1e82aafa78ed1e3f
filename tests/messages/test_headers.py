"""Header fields, their comments and parameters."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_messages import make_message

from fakesmtp.messages.headers import content_type, parameter, read_header, strip_comments


def encoded_word(charset: str, data: bytes) -> str:
    """Return bytes as one encoded word."""
    return f"=?{charset}?B?{base64.b64encode(data).decode()}?="


def as_parsed(data: bytes) -> str:
    """Return bytes as they are in parsed fields."""
    return data.decode("ascii", "surrogateescape")


@pytest.mark.parametrize(
    "value",
    [
        'attachment; filename="견적서.pdf"',
        "attachment; filename*=utf-8''%EA%B2%AC%EC%A0%81%EC%84%9C.pdf",
        "attachment; filename=old.pdf; filename*=UTF-8'ko'%EA%B2%AC%EC%A0%81%EC%84%9C.pdf",
        "attachment;\r\n filename*0*=utf-8''%EA%B2%AC%EC%A0;\r\n filename*1*=%81%EC%84%9C.pdf",
        "attachment; filename*0*=utf-8''%EA%B2%AC%EC%A0%81%EC%84%9C; filename*1=.pdf",
        'attachment; filename*0="견적"; filename*1=서.pdf',
        "attachment; FILENAME*1*=%81%EC%84%9C.pdf; filename*0*=utf-8''%EA%B2%AC%EC%A0",
        "attachment; filename*=ks_c_5601-1987''%B0%DF%C0%FB%BC%AD.pdf",
        f"attachment; filename={encoded_word('euc-kr', '견적서.pdf'.encode('cp949'))}",
        'attachment; filename="=?utf-8?B?6rKs7KCB?=\r\n =?utf-8?B?7IScLnBkZg==?="',
    ],
)
def test_file_names(value: str) -> None:
    """A Korean file name is read in every form in which it is written."""
    assert parameter(as_parsed(value.encode()), "filename") == "견적서.pdf"


def test_quoted_pairs_and_semicolons() -> None:
    """A quoted parameter can contain quotes and semicolons."""
    assert parameter(r'a; x="1;2"; name="a\"b;c.txt"', "name") == 'a"b;c.txt'
    assert parameter("a; name=", "name") == ""
    assert parameter("a; other=1", "name") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Text/HTML; charset=x", "text/html"),
        ("", "text/plain"),
        ("html", "text/plain"),
        (as_parsed(b"a/\xff"), "text/plain"),
    ],
)
def test_content_type(value: str, expected: str) -> None:
    """An invalid type is text/plain (RFC 2045 section 5.2)."""
    assert content_type(value) == expected


@given(st.text(alphabet="=?utf8QBqb_*'\"()\\;%0a \r\n가", max_size=80), st.binary(max_size=40))
def test_parameters_never_raise(text: str, data: bytes) -> None:
    """Any header gives a printable text."""
    value = as_parsed(text.encode() + data)
    for name in ("a", "filename"):
        (parameter(value, name) or "").encode()
    content_type(value).encode()


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("text/plain; charset=us-ascii (Plain text)", "charset", "us-ascii"),
        ('text/plain; charset=(which? "that")euc-kr(one)', "charset", "euc-kr"),
        ('text/plain; (c;d) charset (e) = (f) "utf-8" (g)', "charset", "utf-8"),
        ("text/plain (a (nested) one; x=1); charset=utf-8", "charset", "utf-8"),
        ("text/plain; charset=utf-8 (never closed", "charset", "utf-8"),
        ("text/plain charset=utf-8", "charset", "utf-8"),
        ("text/plain;; charset = utf-8 ;", "charset", "utf-8"),
        ("attachment; filename=report (1).pdf", "filename", "report (1).pdf"),
        ('attachment; filename="report (1).pdf"', "filename", "report (1).pdf"),
        ('attachment; filename="never closed.pdf', "filename", "never closed.pdf"),
        ("multipart/mixed; boundary=it's1", "boundary", "it's1"),
        ('multipart/mixed; boundary="<<001>>"', "boundary", "<<001>>"),
        ("multipart/mixed; boundary=----=_Part_1_2.3", "boundary", "----=_Part_1_2.3"),
    ],
)
def test_parameters(value: str, name: str, expected: str) -> None:
    """A parameter is read next to comments (RFC 2045 section 5.1) and without required quotes."""
    assert parameter(value, name) == expected


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("a(b)c", "ac"),
        ("a(b(c)d)e(f)", "ae"),
        (r"a(b\)c)d", "ad"),
        ('"a(b)"(c)', '"a(b)"'),
        ("a(b", "a(b"),
        ("a)b", "a)b"),
    ],
)
def test_comments(text: str, stripped: str) -> None:
    """Comments are removed, quoted texts kept, and a bracket that is never closed is text."""
    assert strip_comments(text) == stripped


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"A: b\r\n\r\nc", [("A", "b")], b"c"),
        (b"A: b\r\nodd line\r\nC: d\r\n\r\ne", [("A", "b"), ("C", "d")], b"e"),
        (b"A: b\r\nodd\r\n folded\r\nC: d\r\n\r\ne", [("A", "b"), ("C", "d")], b"e"),
        (b"A: b\r\n: c\r\n\0: d\r\nE : f\r\n\r\n", [("A", "b"), ("E", "f")], b""),
        (b"A: b\r\nbody at once\r\n\r\nc", [("A", "b")], b"body at once\r\n\r\nc"),
        (b"A: b\r\nbody at once", [("A", "b")], b"body at once"),
        (b"A: b\r\n \r\nC: d\r\n\r\ne", [("A", "b\r\n "), ("C", "d")], b"e"),
        (b"A: b\r\n\tc\r\n\r\n", [("A", "b\r\n\tc")], b""),
        (b"A: b\r\n--c\r\nD: e\r\n\r\n", [("A", "b")], b"--c\r\nD: e\r\n\r\n"),
        (b" A: b\r\nC: d\r\n\r\ne", [("A", "b"), ("C", "d")], b"e"),
        (b"From x Thu Jan  1\r\nA: b\r\n\r\nc", [("A", "b")], b"c"),
        (b">From x\nA: b\n\nc", [("A", "b")], b"c"),
        (b"no header\r\nA: b\r\n\r\nc", [], b"no header\r\nA: b\r\n\r\nc"),
        (b"\r\nA: b", [], b"A: b"),
        (b"", [], b""),
        (b"A: \xff", [("A", "\udcff")], b""),
    ],
)
def test_fields(raw: bytes, fields: list[tuple[str, str]], body: bytes) -> None:
    """A line that is not a field does not end the header, and is kept if it is the body."""
    header = read_header(raw)
    assert (header.fields, raw[header.end :]) == (fields, body)


def test_an_invalid_line_hides_nothing() -> None:
    """Fields after an invalid line of the header are read."""
    message = make_message(
        b"From: a@example.com\r\nthis is odd\r\nSubject: hi\r\n"
        b"Content-Type: text/html (HTML); charset=euc-kr (Korean)\r\n"
        b"Content-Transfer-Encoding: (as ever) base64\r\n\r\n"
        + base64.b64encode("<p>똠".encode("cp949"))
    )
    assert (message.subject, message.html, message.html_text) == ("hi", "<p>똠", "똠")
