"""What a store reads of a large message: bounded, because other clients wait meanwhile."""

from __future__ import annotations

import pytest
from made_records import make_record

from fakesmtp.storage.extraction import MOST_SEARCHED, extract
from fakesmtp.storage.query import TextField

HEAD = "Content-Type: text/{}; charset=utf-8\r\n\r\n"


def body_of(kind: str, text: str) -> str:
    """Return what is searched of a message with this body."""
    return extract(make_record((HEAD.format(kind) + text).encode())).texts[TextField.BODY]


@pytest.mark.parametrize(
    ("kind", "filler"),
    [("plain", "글 " * (MOST_SEARCHED // 2)), ("html", "<p></p>" * (MOST_SEARCHED // 7))],
)
def test_end_of_a_large_text_is_not_read(kind: str, filler: str) -> None:
    """Its beginning is searched, also where the limit cuts a tag."""
    body = body_of(kind, f"처음 {filler}<p>나중</p>")
    assert body.startswith("처음")
    assert "나중" not in body


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_all_of_a_text_below_the_limit_is_read(kind: str) -> None:
    """Nothing is cut off a text of 900,000 characters."""
    body = body_of(kind, "처음 " + "글 " * 450_000 + "나중")
    assert body.startswith("처음")
    assert body.endswith("나중")
