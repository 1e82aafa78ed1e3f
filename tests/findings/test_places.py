"""Where a finding is: header, part, line, characters."""

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


def test_a_header_is_named_as_it_is_written() -> None:
    """A finding about a header has its name, its line, and the characters of its value."""
    reading = message(subject=None, header={"X-Long": "a\r\n b\r\n c", "SUBJECT": "Hi {{name}}!"})
    where = _where(reading, "placeholder")
    assert (where.header, where.offset, where.length) == ("SUBJECT", 3, 8)
    assert _line(reading, where.line) == b"SUBJECT: Hi {{name}}!\r"
    assert str(where) == f"SUBJECT, line {where.line}"


def test_the_second_of_a_repeated_header() -> None:
    """A repeated header is marked where it is repeated."""
    reading = message(more="X: y\r\nDate: again\r\n")
    assert _line(reading, _where(reading, "header-repeated").line) == b"Date: again\r"


def test_a_text_that_is_not_encoded_has_its_own_line() -> None:
    """A place in a text of 8 bits has the line where it stands."""
    reading = message(body="one\n두 번째\nhttp://localhost/x\n")
    where = _where(reading, "link-local")
    assert (where.part, where.offset, where.length) == (1, 9, 18)
    assert _line(reading, where.line) == b"http://localhost/x\r"


def test_a_text_that_is_encoded_has_the_line_of_its_part() -> None:
    """A place in Base64 has the line where the part begins, and the characters of its text."""
    reading = parts(TEXT, part("text/plain", "aGkge3tuYW1lfX0h\n", BASE64))
    where = _where(reading, "placeholder")
    assert (where.part, where.offset, where.length) == (2, 3, 8)
    assert _line(reading, where.line) == b"aGkge3tuYW1lfX0h\r"
    assert str(where) == f"part 2, line {where.line}"


def test_a_place_in_html_is_one_of_its_source() -> None:
    """A link of HTML is marked in the source, where it stands there as it is."""
    reading = html('<p>x</p>\n<a href="http://localhost/x">y</a>\n')
    where = _where(reading, "link-local")
    assert (where.part, where.length) == (2, 18)
    assert b'<a href="http://localhost/x">' in _line(reading, where.line)
    decoded = html('<a href="http:&#47;&#47;localhost/x">y</a>\n')
    assert _where(decoded, "link-local").offset is None


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_place_among_bytes_is_a_line(end: bytes) -> None:
    """A bare CR or LF is marked by its line."""
    reading = message(body=b"one\r\ntwo" + end + b"three\r\n")
    assert _line(reading, _where(reading, "line-end").line).startswith(b"two")


def test_no_place() -> None:
    """What is missing has no place."""
    assert _where(message(header={"Date": None}), "date-missing") == Where()
    assert str(Where()) == ""


def test_a_finding_as_json() -> None:
    """A finding becomes an object of texts and numbers."""
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
