"""What the page shows when the server does not answer, or answers with an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from held_requests import hold
from page_mail import make_message, send
from playwright.sync_api import expect

from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page, Route

    Open = Callable[..., Page]

LOST = "The server does not answer. Is it still running?"
NOT_LOADED = "The rest of the list could not be loaded."
BUG = "this is a bug of fakesmtp"
#: How a request can fail, and what the page says.
FAILURES: dict[str, tuple[Callable[[Route], object], str]] = {
    "network": (lambda route: route.abort(), LOST),
    "server": (lambda route: route.fulfill(status=500, content_type="text/plain", body=BUG), BUG),
    "proxy": (lambda route: route.fulfill(status=502, content_type="text/html", body="<p>"), LOST),
}


def send_many(api: Api) -> None:
    """Send more messages than the list shows at once."""
    for number in range(60):
        send(api.smtp, f"Subject: message {number}\r\n\r\nx\r\n".encode())


@pytest.mark.parametrize("kind", FAILURES)
def test_the_rest_of_a_list_that_is_not_loaded(api: Api, open_page: Open, kind: str) -> None:
    """The end of the list says so, and why, and a button tries again."""
    send_many(api)
    page = open_page()
    fail, why = FAILURES[kind]
    page.route("**/page/messages?cursor=*", fail, times=1)
    end, rows = page.get_by_test_id("more-failed"), page.get_by_test_id("message-row")
    expect(end).to_be_hidden()
    rows.last.scroll_into_view_if_needed()
    expect(end).to_be_visible()
    expect(page.get_by_role("status").filter(has=end)).to_have_text(f"{NOT_LOADED} {why}")
    assert page.get_by_test_id("toast").is_hidden()
    again = page.get_by_role("button", name="Try again")
    again.focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(60)
    expect(end).to_have_count(0)


def test_the_rest_of_a_list_in_korean(api: Api, open_page: Open) -> None:
    """The sentence and the button are translated; while it loads again, the list says that."""
    for _ in range(51):
        api.fail(b"NOOP")
    page = open_page("/sessions", locale="ko-KR")
    page.route("**/page/sessions?cursor=*", lambda route: route.abort(), times=1)
    end = page.get_by_test_id("more-failed")
    page.get_by_test_id("session-row").last.scroll_into_view_if_needed()
    expect(end).to_be_visible()
    expect(end).to_contain_text("목록의 나머지를 불러오지 못했습니다. 서버가 응답하지 않습니다.")
    held = hold(page, "**/page/sessions?cursor=*")
    page.get_by_role("button", name="다시 시도").click()
    expect(page.get_by_role("button", name="불러오는 중")).to_be_visible()
    expect(end).to_be_hidden()
    held[0].continue_()
    expect(page.get_by_test_id("session-row")).to_have_count(51)


def test_the_server_is_stopped_and_started(api: Api, open_page: Open) -> None:
    """The page says that it is not connected; then it shows what arrived meanwhile."""
    page = open_page()
    live = page.get_by_test_id("live")
    expect(live).to_have_text("live")
    page.evaluate("window.stays = true")
    api.http.close()
    expect(live).to_have_text("not connected")
    page.locator("label", has=page.get_by_test_id("type-ad")).click()
    expect(page.get_by_test_id("toast")).to_have_text(LOST)
    page.locator("label", has=page.get_by_test_id("type-all")).click()
    send(api.smtp, make_message("meanwhile"))
    with HttpServer(api.smtp, port=api.http.port):
        expect(live).to_have_text("live", timeout=20_000)
        expect(page.get_by_test_id("message-row")).to_contain_text("meanwhile")
        expect(page).to_have_title("(1) fakesmtp")
        assert page.evaluate("window.stays") is True


def test_the_events_go_on_after_an_error(api: Api, open_page: Open) -> None:
    """A proxy that has no server for a moment is asked again."""
    page = open_page("about:blank")
    page.route(re.compile(r"/events\?"), FAILURES["proxy"][0], times=1)
    page.goto("/")
    live = page.get_by_test_id("live")
    expect(live).to_have_text("not connected")
    send(api.smtp, make_message("meanwhile"))
    expect(live).to_have_text("live", timeout=20_000)
    expect(page.get_by_test_id("message-row")).to_contain_text("meanwhile")
