"""The explanation of a failed assertion on messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from made_messages import make_message
from pytest_fakesmtp.compare import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

WELCOME = make_message(b"Subject: Welcome\r\n\r\nhello\r\n")
WELCOM = make_message(b"Subject: Welcom\r\n\r\nhello\r\n")
OTHER = make_message(b"Subject: Bill\r\n\r\npay\r\n", rcpt_tos=("c@example.com",))


def test_two_messages_show_the_fields_that_differ() -> None:
    """Two messages are shown with the fields that differ, and no others."""
    lines = explain("==", WELCOM, WELCOME)
    assert lines is not None
    assert lines[0] == f"message {WELCOM.id} == message {WELCOME.id}"
    assert lines[1] == "left:  sender@example.com -> to@example.com 'Welcom' (normal)"
    assert lines[3:] == ["subject: 'Welcom' != 'Welcome'"]


def test_equal_messages_show_their_ids() -> None:
    """Two messages with equal bytes and envelopes are told apart by their ids."""
    twin = make_message(WELCOME.raw)
    lines = explain("==", twin, WELCOME)
    assert lines is not None
    assert lines[3:] == [f"id: {twin.id!r} != {WELCOME.id!r}".replace("'", "")]


def test_messages_with_equal_fields_show_their_bytes() -> None:
    """Two messages with equal fields but different bytes are shown with their bytes."""
    lines = explain("==", make_message(b"Subject:  x\r\n\r\n"), make_message(b"Subject: x\r\n\r\n"))
    assert lines is not None
    assert lines[3].startswith("raw: b'Subject:  x")


def test_late_difference_is_shown() -> None:
    """Of two long texts that begin alike, the part that differs is shown."""
    one, other = (make_message(b"\r\n" + b"x" * 500 + end) for end in (b"12,000", b"13,000"))
    lines = explain("==", one, other)
    assert lines is not None
    assert "12,000" in lines[-1]
    assert "13,000" in lines[-1]


def test_message_missing_from_a_list() -> None:
    """A message that is not in a list is shown with the list and its nearest miss."""
    lines = explain("in", WELCOME, [OTHER, WELCOM])
    assert lines is not None
    assert lines[0] == f"message {WELCOME.id} in 2 messages"
    assert lines[-2].startswith("nearest miss: sender@example.com -> to@example.com 'Welcom'")
    assert lines[-1] == "  subject: expected 'Welcome', was 'Welcom'"


def test_two_lists() -> None:
    """Two lists are shown with the first message that only one of them has, and a near miss."""
    lines = explain("==", [OTHER, WELCOM], [OTHER, WELCOME])
    assert lines is not None
    assert lines[0] == "2 messages == 2 messages"
    assert lines[-3].startswith("only right: ")
    assert lines[-1] == "  subject: expected 'Welcome', was 'Welcom'"


def test_list_compared_with_the_empty_list() -> None:
    """A message in a list that should be empty is shown."""
    lines = explain("==", [OTHER], [])
    assert lines is not None
    assert lines[0] == "1 message == no messages"
    assert "right: nothing" in lines
    assert lines[-1] == "only left: sender@example.com -> c@example.com 'Bill' (normal)"


def test_lists_in_another_order() -> None:
    """Two lists of the same messages in another order are explained as such."""
    lines = explain("==", [OTHER, WELCOME], [WELCOME, OTHER])
    assert lines is not None
    assert lines[-1] == "the same messages in another order, or some more than once"


def test_long_lists_are_cut() -> None:
    """Only the first ten messages of a long list are shown."""
    lines = explain("==", [make_message() for _ in range(30)], [])
    assert lines is not None
    assert "  and 20 more" in lines


def test_other_comparisons_are_not_explained() -> None:
    """Comparisons without messages, or without a difference, get no explanation."""
    assert explain("==", 1, 2) is None
    assert explain("==", [], [1]) is None
    assert explain("==", [], []) is None
    assert explain("!=", WELCOME, WELCOME) is None
    assert explain("in", WELCOME, "text") is None


def test_pytest_shows_the_explanation(run: Run) -> None:
    """Pytest prints the explanation in the report of a failed test."""
    result = run(
        """
        def test_lists(fakesmtp, send):
            send(fakesmtp, "Welcom")
            wanted = fakesmtp.take()
            send(fakesmtp, "Welcome")
            assert fakesmtp.messages == [wanted]

        def test_wait(fakesmtp, send):
            send(fakesmtp, "Welcom")
            fakesmtp.wait_for(subject="Welcome", timeout=0)
        """
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E * assert 1 message == 1 message",
            "E * nearest miss: a@example.com -> b@example.com 'Welcome' (normal)",
            "E * subject: expected 'Welcom', was 'Welcome'",
            "> *fakesmtp.wait_for(subject=*",
            "E *NoMatchingMessage: no message came within 0 s",
            "E * subject: expected 'Welcome', was 'Welcom'",
            "*test_pytest_shows_the_explanation.py:*: NoMatchingMessage",
        ]
    )
