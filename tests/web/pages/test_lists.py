"""The list while it changes: answers that come late, its place, and limits of the store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from held_requests import hold, holding, open_quiet
from page_mail import send
from playwright.sync_api import Error, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import APIResponse, Page, Route

    Open = Callable[..., Page]


def send_short(api: Api, *subjects: str) -> None:
    """Send messages that have little more than a subject."""
    for subject in subjects:
        send(api.smtp, f"Subject: {subject}\r\n\r\nx\r\n".encode())


def test_a_later_search_stops_an_earlier_one(api: Api, open_page: Open) -> None:
    """The list shows what was searched last, although the first answer would come later."""
    send_short(api, "one", "two")
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    hold(page, "**/page/messages?q=one*")
    with page.expect_request("**/page/messages?q=one*"):
        page.get_by_test_id("search").fill("one")
    with page.expect_event("requestfailed"):
        page.get_by_test_id("search").fill("two")
    expect(page.get_by_test_id("message-row")).to_have_count(1)
    expect(page.get_by_test_id("message-row")).to_contain_text("two")
    expect(page).to_have_url(f"{api.http.url}/?q=two")


def test_a_search_stops_a_renewal(api: Api, open_page: Open) -> None:
    """A list that was asked for before the search does not replace what was found."""
    send_short(api, "one")
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    hold(page, "**/page/messages?q=&*")
    with page.expect_request("**/page/messages?q=&*"):
        send_short(api, "two")
    with page.expect_event("requestfailed"):
        page.get_by_test_id("search").fill("two")
    expect(page.get_by_test_id("message-row")).to_have_count(1)
    expect(page.get_by_test_id("message-row")).to_contain_text("two")


def test_a_renewal_during_a_search(api: Api, open_page: Open) -> None:
    """What arrives before the answer of a search is found too."""
    send_short(api, "one")
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    hold(page, "**/page/messages?q=subject*")
    with page.expect_request("**/page/messages?q=subject*"):
        page.get_by_test_id("search").fill("subject:two")
    with page.expect_event("requestfailed"):
        send_short(api, "two")
    expect(page.get_by_test_id("message-row")).to_contain_text("two")


def test_a_search_while_more_rows_are_loaded(api: Api, open_page: Open) -> None:
    """Rows of the list before are not added to what was found."""
    send_short(api, *(f"message {number}" for number in range(51)))
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    rows = page.get_by_test_id("message-row")
    hold(page, "**/page/messages?cursor=*")
    with page.expect_request("**/page/messages?cursor=*"):
        rows.last.scroll_into_view_if_needed()
    with page.expect_event("requestfailed"):
        page.get_by_test_id("search").fill("subject:50")
    expect(rows).to_have_count(1)


def test_more_rows_do_not_stop_a_search(api: Api, open_page: Open) -> None:
    """The end of a list that is searched is not loaded."""
    send_short(api, *(f"message {number}" for number in range(51)))
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    rows = page.get_by_test_id("message-row")
    with holding(page, "**/page/messages?q=subject*") as held:
        page.get_by_test_id("search").fill("subject:50")
    rows.last.scroll_into_view_if_needed()
    page.get_by_test_id("more").click()
    held[0].continue_()
    expect(rows).to_have_count(1)


def test_a_click_counts_although_a_search_ends_during_it(api: Api, open_page: Open) -> None:
    """The row under the pointer opens, and the list shows what was found."""
    send_short(api, "one", "two")
    page = open_quiet(open_page, "/")
    rows = page.get_by_test_id("message-row")
    with holding(page, "**/page/messages?q=one*") as held:
        page.get_by_test_id("search").fill("one")
    rows.first.hover()
    page.mouse.down()
    with page.expect_event("requestfinished"):
        held[0].continue_()
    page.mouse.up()
    expect(page.get_by_test_id("subject")).to_have_text("two")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("one")


def test_a_new_list_works_at_once(api: Api, open_page: Open) -> None:
    """A click right after the list was replaced opens the message on this page."""
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    page.evaluate(
        """() => {
            window.stays = true;
            const click = () => document.querySelector("#list .row > a").click();
            const list = document.querySelector("#list");
            list.addEventListener("htmx:afterSwap", () => setTimeout(click), { once: true });
        }"""
    )
    send_short(api, "one")
    expect(page.get_by_test_id("subject")).to_have_text("one")
    assert page.evaluate("window.stays") is True


def test_all_of_a_row_opens_it(api: Api, open_page: Open) -> None:
    """A click counts on the line below a row, and in a row whose link is not laid out yet."""
    send_short(api, "one")
    page = open_page()
    row = page.get_by_test_id("message-row")
    height = row.evaluate("row => row.getBoundingClientRect().height")
    row.click(position={"x": 200, "y": height - 0.5})
    expect(page.get_by_test_id("subject")).to_have_text("one")


def test_a_list_on_a_phone_keeps_its_place(api: Api, open_page: Open) -> None:
    """While a message takes its place, a new message neither moves nor replaces it."""
    send_short(api, *(f"message {number}" for number in range(60)))
    page = open_page(viewport={"width": 390, "height": 844})
    expect(page.get_by_test_id("live")).to_have_text("live")
    rows = page.get_by_test_id("message-row")
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(60)
    rows.last.click()
    expect(page.get_by_test_id("subject")).to_have_text("message 0")
    expect(rows.last).to_be_hidden()
    expect(page).to_have_title("(59) message 0 · fakesmtp")
    send_short(api, "new")
    expect(page).to_have_title("(60) message 0 · fakesmtp")
    page.get_by_test_id("back").click()
    expect(rows.last).to_be_in_viewport()
    expect(rows.last).to_contain_text("message 0")
    expect(rows).to_have_count(60)
    page.get_by_test_id("new-messages").click()
    expect(rows.first).to_contain_text("new")
    expect(rows.first).to_be_in_viewport()


def test_a_late_count_is_not_the_last(api: Api, open_page: Open) -> None:
    """A message that arrives while the unread ones are counted is counted, too."""
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    counted: list[tuple[Route, APIResponse]] = []
    page.route("**/messages/unread", lambda route: counted.append((route, route.fetch())), times=1)
    send_short(api, "one")
    expect(page.get_by_test_id("message-row")).to_have_count(1)
    with page.expect_request("**/page/messages?*"):
        send_short(api, "two")
    expect(page.get_by_test_id("message-row")).to_have_count(2)
    ((route, answer),) = counted
    with suppress(Error):  # the page does not wait for it any more
        route.fulfill(response=answer)
    expect(page.get_by_test_id("unread-count")).to_contain_text("2")
