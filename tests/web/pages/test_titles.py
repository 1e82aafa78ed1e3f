"""The title of the window says which view is open, after a load and after a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from page_mail import make_message, send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page

    Open = Callable[..., Page]

#: Each view, and its title in English and Korean.
TITLES = {
    "/": ("fakesmtp", "fakesmtp"),
    "/view/{message}": ("Hello · fakesmtp", "Hello · fakesmtp"),
    "/sessions": ("Sessions · fakesmtp", "세션 · fakesmtp"),
    "/sessions/{first}": ("Session {first} · fakesmtp", "세션 {first} · fakesmtp"),
    "/sessions/{first}?with={second}": ("Session {first} · fakesmtp", "세션 {first} · fakesmtp"),
    "/faults": ("Faults · fakesmtp", "장애 · fakesmtp"),
    "/connect": ("Connect · fakesmtp", "연결 · fakesmtp"),
    "/view/nothing": ("Not found · fakesmtp", "없는 페이지 · fakesmtp"),
}


@pytest.mark.parametrize(("language", "number"), [("en-US", 0), ("ko-KR", 1)])
def test_each_view_has_a_title(api: Api, open_page: Open, language: str, number: int) -> None:
    """In the reader's language, also before the script of the page runs."""
    first, second = api.fail(b"EHLO me"), api.fail(b"NOOP")
    send(api.smtp, make_message("Hello"))
    ids = {"message": api.smtp.messages[0].id, "first": first.id, "second": second.id}
    page = open_page("/view/latest", locale=language)
    expect(page.get_by_test_id("message-row")).to_have_class("row")
    for path, titles in TITLES.items():
        address, title = path.format(**ids), titles[number].format(**ids)
        page.goto(address)
        expect(page).to_have_title(title)
        sent = api.ask("GET", address, **{"Accept-Language": language}).body.decode()
        assert f"<title>{title}</title>" in sent


def test_the_title_follows_what_is_opened_and_closed(api: Api, open_page: Open) -> None:
    """It has the number of unread messages in front."""
    send(api.smtp, make_message("one"))
    send(api.smtp, make_message("two"))
    page = open_page()
    expect(page).to_have_title("(2) fakesmtp")
    page.get_by_test_id("message-row").first.click()
    expect(page).to_have_title("(1) two · fakesmtp")
    page.get_by_test_id("tab-source").click()
    expect(page.get_by_test_id("panel-source")).to_be_visible()
    expect(page).to_have_title("(1) two · fakesmtp")
    page.get_by_test_id("next").click()
    expect(page).to_have_title("one · fakesmtp")
    page.get_by_test_id("close").click()
    expect(page).to_have_title("fakesmtp")
    send(api.smtp, make_message("three"))
    expect(page).to_have_title("(1) fakesmtp")
    for section, title in (("sessions", "Sessions"), ("faults", "Faults"), ("connect", "Connect")):
        page.get_by_test_id(f"nav-{section}").click()
        expect(page).to_have_title(f"(1) {title} · fakesmtp")
    expect(page.get_by_test_id("live")).to_have_text("live")
    send(api.smtp, make_message("four"))
    expect(page).to_have_title("(2) Connect · fakesmtp")


def test_the_title_of_a_session(api: Api, open_page: Open) -> None:
    """After a click, a comparison and closing."""
    first, second = api.fail(b"EHLO me"), api.fail(b"NOOP")
    page = open_page("/sessions")
    page.get_by_test_id("session-row").first.click()
    expect(page).to_have_title(f"Session {second.id} · fakesmtp")
    page.get_by_test_id("compare-with").select_option(first.id)
    expect(page.get_by_test_id("comparison")).to_be_visible()
    expect(page).to_have_title(f"Session {second.id} · fakesmtp")
    page.get_by_test_id("close").click()
    expect(page).to_have_title("Sessions · fakesmtp")
