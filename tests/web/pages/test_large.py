"""A large message and many messages at once: docs/page.md has the times."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from page_mail import make_message, send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page

    Open = Callable[..., Page]

#: With its transfer encoding, a file of this size makes a message of 20 MB.
SIZE = 15_000_000


def test_a_message_of_20_mb_opens(api: Api, open_page: Open) -> None:
    """Every tab of a large message is shown, and its file is complete."""
    send(api.smtp, make_message("large", files=(("large.bin", b"\0" * SIZE),)))
    page = open_page("/view/latest")
    expect(page.get_by_test_id("subject")).to_have_text("large")
    for tab in ("text", "headers", "source", "attachments", "session", "findings"):
        page.get_by_test_id(f"tab-{tab}").click()
        expect(page.get_by_test_id(f"panel-{tab}")).to_be_visible(timeout=60_000)
    (message,) = api.smtp.messages
    assert len(message.raw) > 20_000_000
    assert len(api.get(f"/view/{message.id}/files/2").body) == SIZE


def test_many_messages_at_once(api: Api, open_page: Open) -> None:
    """The list shows the newest of 300 messages of one session, and a message opens meanwhile."""
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    with smtplib.SMTP("localhost", api.smtp.port(587)) as client:
        client.login(f"{api.smtp.account.app_key}#auth", api.smtp.account.secret_key)
        for number in range(300):
            message = f"Subject: message {number}\r\n\r\nx\r\n".encode()
            client.sendmail("a@example.com", ["b@example.com"], message)
            if number == 150:
                page.get_by_test_id("message-row").first.click()
                expect(page.get_by_test_id("subject")).to_contain_text("message")
    expect(page.get_by_test_id("message-row").first).to_contain_text("message 299")
    expect(page.get_by_test_id("unread-count")).to_contain_text("299")
    expect(page.get_by_test_id("message-row")).to_have_count(50)
