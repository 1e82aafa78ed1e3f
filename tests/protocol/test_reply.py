"""Replies as values and on the wire."""

from __future__ import annotations

import pytest

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.reply import EnhancedStatus, Reply


def test_wire_form_of_one_line() -> None:
    """A reply of one line has a space after its code."""
    assert Reply(250, ("2.0.0 OK",)).wire == b"250 2.0.0 OK\r\n"


def test_wire_form_of_several_lines() -> None:
    """All lines but the last have a hyphen after the code (RFC 5321 §4.2.1)."""
    assert Reply(250, ("a", "b", "c")).wire == b"250-a\r\n250-b\r\n250 c\r\n"


def test_non_ascii_characters_become_question_marks() -> None:
    """A character that is not ASCII is sent as `?`."""
    assert Reply(500, ("caf\ufffd\ufffd",)).wire == b"500 caf??\r\n"


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [
        ("2.1.0 Sender OK", EnhancedStatus(2, 1, 0)),
        ("5.7.8", EnhancedStatus(5, 7, 8)),
        ("Authentication Successful", None),
        ("2.1 no", None),
        ("2.0.0x", None),
    ],
)
def test_enhanced_status(text: str, enhanced: EnhancedStatus | None) -> None:
    """An enhanced status code is found at the start of the text (RFC 2034)."""
    assert Reply(250, (text,)).enhanced == enhanced


def test_str_and_parse_round_trip() -> None:
    """The text of a reply is parsed to the same reply."""
    reply = Reply.parse("451 4.7.1 Try later")
    assert (reply.code, reply.text, str(reply.enhanced)) == (451, "4.7.1 Try later", "4.7.1")
    assert Reply.parse(str(reply)) == reply


@pytest.mark.parametrize("text", ["", "no", "45 x", "651 x", "250", "250 a\rb", "250 \u00e9"])
def test_parse_refuses_invalid_text(text: str) -> None:
    """The error for a text that is not a reply has an example of one."""
    with pytest.raises(ConfigurationError, match=r"451 4\.7\.1 Try later"):
        Reply.parse(text)


@pytest.mark.parametrize(
    ("code", "refuses"), [(250, False), (354, False), (450, True), (554, True)]
)
def test_refusals(code: int, refuses: bool) -> None:  # noqa: FBT001 - a column of the table
    """Replies of 4xx and 5xx are refusals."""
    assert Reply(code, ("x",)).is_refusal is refuses
