"""What the page answers to unusual requests and messages, without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from http_api import Api


def test_a_message_without_recipients(api: Api) -> None:
    """The list and the message are shown."""
    content = {"From": {"Email": "a@example.com"}, "Subject": "alone"}
    assert api.ask("POST", "/api/v1/send", content).status == 200
    for path in ("/", "/page/messages", f"/view/{api.smtp.messages[0].id}"):
        answer = api.get(path)
        assert answer.status == 200
        assert b"alone" in answer.body


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("KO", "ko"),
        ("KO-kr", "ko"),
        ("EN-US,ko;q=0.5", "en"),
        ("ko;q=0", "en"),
        ("en;q=0.2, ko ; q=0.8", "ko"),
        ("fr, *;q=0.1", "en"),
        ("ko;q=two,,;", "en"),
    ],
)
def test_the_language_of_the_browser(api: Api, wanted: str, language: str) -> None:
    """Case does not matter, weights do."""
    answer = api.ask("GET", "/", **{"Accept-Language": wanted})
    assert answer.status == 200
    assert f'<html lang="{language}"'.encode() in answer.body


@pytest.mark.parametrize("cursor", ["9" * 23, "-1", "x"])
def test_a_cursor_that_is_not_one(api: Api, cursor: str) -> None:
    """It is refused like other wrong parameters."""
    assert api.get(f"/page/messages?cursor={cursor}").status == 400
