"""A limit of the store removes messages while the page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving
from page_mail import send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    Open = Callable[..., Page]

#: Bytes of messages that are kept: several hundred small ones, or a large one and some of them.
MOST = 300_000


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Start a server that keeps few messages."""
    with serving(tmp_path / "recordings", max_bytes=MOST) as running:
        yield running


def send_text(api: Api, subject: str, size: int = 1) -> None:
    """Send a message of this size."""
    lines = "x" * 70 + "\r\n"
    send(api.smtp, f"Subject: {subject}\r\n\r\n{lines * (size // len(lines) + 1)}".encode())


@pytest.mark.parametrize("is_scrolled", [False, True])
def test_the_list_and_its_counts(api: Api, open_page: Open, *, is_scrolled: bool) -> None:
    """They are those of the store, also in a list that does not move because it is read."""
    for number in range(60):
        send_text(api, f"message {number}")
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    rows = page.get_by_test_id("message-row")
    if is_scrolled:
        rows.last.scroll_into_view_if_needed()
        expect(rows).to_have_count(60)
    send_text(api, "large", MOST * 9 // 10)
    kept = len(api.smtp.messages)
    assert 1 < kept < 50
    expect(page).to_have_title(f"({kept}) fakesmtp")
    expect(page.get_by_test_id("unread-count")).to_contain_text(str(kept))
    # The large message is not in a list that is read.
    expect(rows).to_have_count(kept - is_scrolled)
    expect(rows.last).to_contain_text(f"message {61 - kept}")


def test_the_message_that_is_read(api: Api, open_page: Open) -> None:
    """It stays on the page, which says that it is no longer stored."""
    send_text(api, "first", MOST // 5)
    page = open_page("/view/latest")
    expect(page.get_by_test_id("live")).to_have_text("live")
    expect(page.get_by_test_id("message-row")).to_have_class("row")
    send_text(api, "large", MOST * 9 // 10)
    expect(page.get_by_test_id("toast")).to_have_text("this message is no longer here")
    expect(page.get_by_test_id("subject")).to_have_text("first")
    expect(page.get_by_test_id("message-row")).to_contain_text("large")
