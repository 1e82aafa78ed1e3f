"""The place of a finding: header, part, line, characters."""

from __future__ import annotations

import pytest
from finding_cases.making import TEXT, html, message, part, parts

from fakesmtp.findings import MessageReading, Where, default_rules

BASE64 = "Content-Transfer-Encoding: base64\n"


def _where(reading: MessageReading, rule: str) -> Where:
    return next(each.where for each in default_rules().check_message(reading) if each.rule == rule)


def _line(reading: MessageReading, number: int | None) -> bytes:
    assert number is not None
    return reading.raw.split(b"\n")[number - 1]


def test_place_in_a_header() -> None:
    """The place of a finding in a header is its name as written, its line and its characters."""
    reading = message(subject=None, header={"X-Long": "a\r\n b\r\n c", "SUBJECT": "Hi {{name}}!"})
    where = _where(reading, "placeholder")
    assert (where.header, where.offset, where.length) == ("SUBJECT", 3, 8)
    assert _line(reading, where.line) == b"SUBJECT: Hi {{name}}!\r"
    assert str(where) == f"SUBJECT, line {where.line}"


def test_place_of_a_repeated_header() -> None:
    """The place of a repeated header is the second one."""
    reading = message(more="X: y\r\nDate: again\r\n")
    assert _line(reading, _where(reading, "header-repeated").line) == b"Date: again\r"


def test_place_in_a_text_that_is_not_encoded() -> None:
    """A place in 8-bit text has its line in the message."""
    reading = message(body="one\n두 번째\nhttp://localhost/x\n")
    where = _where(reading, "link-local")
    assert (where.part, where.offset, where.length) == (1, 9, 18)
    assert _line(reading, where.line) == b"http://localhost/x\r"


def test_place_in_an_encoded_text() -> None:
    """A place in Base64 has the first line of the part, and the characters of the decoded text."""
    reading = parts(TEXT, part("text/plain", "aGkge3tuYW1lfX0h\n", BASE64))
    where = _where(reading, "placeholder")
    assert (where.part, where.offset, where.length) == (2, 3, 8)
    assert _line(reading, where.line) == b"aGkge3tuYW1lfX0h\r"
    assert str(where) == f"part 2, line {where.line}"


def test_place_in_html() -> None:
    """The place of a link in HTML is in its source, if the source has the link unchanged."""
    reading = html('<p>x</p>\n<a href="http://localhost/x">y</a>\n')
    where = _where(reading, "link-local")
    assert (where.part, where.length) == (2, 18)
    assert b'<a href="http://localhost/x">' in _line(reading, where.line)
    decoded = html('<a href="http:&#47;&#47;localhost/x">y</a>\n')
    assert _where(decoded, "link-local").offset is None


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_place_of_a_bare_line_end(end: bytes) -> None:
    """The place of a bare CR or LF is its line."""
    reading = message(body=b"one\r\ntwo" + end + b"three\r\n")
    assert _line(reading, _where(reading, "line-end").line).startswith(b"two")


def test_no_place() -> None:
    """A finding about something missing has no place."""
    assert _where(message(header={"Date": None}), "date-missing") == Where()
    assert str(Where()) == ""


def test_finding_as_json() -> None:
    """A finding as JSON is an object of texts and numbers."""
    finding = default_rules().check_message(message(header={"Date": None}))[0]
    assert finding.as_json() == {
        "rule": "date-missing",
        "severity": "warning",
        "text": finding.text,
        "text_ko": finding.text_ko,
        "source": "RFC 5322 §3.6; RFC 6409 §8.2",
        "certainty": "rfc",
        "where": {"header": "", "part": 0, "line": None, "offset": None, "length": 0},
    }
