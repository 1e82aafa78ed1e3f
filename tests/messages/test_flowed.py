"""Text in `format=flowed`."""

from __future__ import annotations

import pytest
from made_messages import make_message

from fakesmtp.messages.flowed import join_flowed


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("one \n\ntwo \n", "one \ntwo "),
        (" >not quoted\n From \nhere", ">not quoted\nFrom here"),
        ("> a \n> b\n>> c \n> d", "> a b\n>> c \n> d"),
        (">a \n>b", "> a b"),
        ("text \n-- \nHong \nGildong", "text \n-- \nHong Gildong"),
        ("> quoted \nnot", "> quoted \nnot"),
        ("", ""),
    ],
)
def test_paragraphs(text: str, joined: str) -> None:
    """Lines that end in a space continue in the next line with as many quote marks (RFC 3676)."""
    assert join_flowed(text, delete_space=False) == joined


def test_delete_space() -> None:
    """With DelSp=yes the space at the end of a line is removed."""
    assert join_flowed("안녕하 \n세요", delete_space=True) == "안녕하세요"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (b"format=flowed", "a b\n"),
        (b'Format="Flowed" (RFC 3676); delsp=YES', "ab\n"),
        (b"format=fixed", "a \nb\n"),
        (b"charset=utf-8", "a \nb\n"),
    ],
)
def test_the_content_type_decides(parameters: bytes, text: str) -> None:
    """Text is joined if its Content-Type has format=flowed."""
    head = b"Content-Type: text/plain; " + parameters
    assert make_message(head + b"\r\n\r\na \r\nb\r\n").text == text
