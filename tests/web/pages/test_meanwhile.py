"""What a reader does with messages before the answer to something earlier has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from held_requests import holding, open_quiet
from page_mail import send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page, Route

    from fakesmtp import ReceivedMessage

    Open = Callable[..., Page]


def send_all(api: Api, *subjects: str) -> None:
    """Send messages that have little more than a subject."""
    for subject in subjects:
        send(api.smtp, f"Subject: {subject}\r\n\r\nx\r\n".encode())


def open_first(page: Page) -> None:
    """Open the first message of the list, and wait until it is marked as read."""
    row = page.get_by_test_id("message-row").first
    row.click()
    expect(page.get_by_test_id("message")).to_be_visible()
    expect(row).to_have_class("row")


def begin(page: Page, message: ReceivedMessage, act: Callable[[], object]) -> list[Route]:
    """Do something that opens a message, and hold the request."""
    address = f"**/page/messages/{message.id}*"
    with holding(page, address) as held:
        act()
    return held


def test_deleting_while_another_message_opens(api: Api, open_page: Open) -> None:
    """The message that the question named is deleted, and the other one is shown."""
    send_all(api, "one", "two")
    one, _ = api.smtp.messages
    page = open_page()
    open_first(page)
    held = begin(page, one, page.get_by_test_id("next").click)
    page.keyboard.press("x")
    expect(page.get_by_test_id("confirm")).to_contain_text("two")
    held[0].continue_()
    expect(page.get_by_test_id("subject")).to_have_text("one")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("toast")).to_have_text("Deleted")
    expect(page.get_by_test_id("message-row")).to_have_count(1)
    expect(page.get_by_test_id("subject")).to_have_text("one")
    assert [each.subject for each in api.smtp.messages] == ["one"]


def test_what_waits_is_sent_for_a_message_that_was_left(api: Api, open_page: Open) -> None:
    """A tag that was added while the message was marked as read is its tag, and no other's."""
    send_all(api, "one", "two")
    page = open_quiet(open_page, "/")
    rows = page.get_by_test_id("message-row")
    with holding(page, "**/read") as held:
        rows.first.click()
    page.get_by_test_id("add-tag").fill("urgent")
    page.get_by_test_id("add-tag").press("Enter")
    page.get_by_test_id("next").click()
    expect(page.get_by_test_id("subject")).to_have_text("one")
    held[0].continue_()
    expect(rows.first).to_contain_text("urgent")
    expect(rows.last).to_have_class("row")
    expect(page.get_by_test_id("tag")).to_have_count(0)


def test_a_late_answer_brings_no_tags_of_another_message(api: Api, open_page: Open) -> None:
    """The tags of the message that was left are in its row, not in the open message."""
    send_all(api, "one", "two")
    one, two = api.smtp.messages
    api.ask("PUT", "/api/v1/messages", {"IDs": [one.id], "Read": True})
    page = open_quiet(open_page, "/")
    rows = page.get_by_test_id("message-row")
    with holding(page, "**/read") as held:
        rows.first.click()
    page.get_by_test_id("next").click()
    expect(page.get_by_test_id("subject")).to_have_text("one")
    api.ask("PUT", "/api/v1/tags", {"IDs": [two.id], "Tags": ["urgent"]})
    held[0].continue_()
    expect(rows.first).to_contain_text("urgent")
    expect(page.get_by_test_id("tag")).to_have_count(0)


def test_two_tags_are_removed_at_once(api: Api, open_page: Open) -> None:
    """The second click counts although the first one has no answer yet."""
    send_all(api, "one")
    (message,) = api.smtp.messages
    api.ask("PUT", "/api/v1/tags", {"IDs": [message.id], "Tags": ["first", "second", "third"]})
    page = open_page()
    open_first(page)
    with holding(page, "**/tags?*") as held:
        page.get_by_role("button", name="Remove the tag first").click()
    page.get_by_role("button", name="Remove the tag second").click()
    held[0].continue_()
    expect(page.get_by_test_id("tag")).to_have_count(1)
    expect(page.get_by_test_id("tag")).to_contain_text("third")


def test_the_focus_stays_on_a_tag(api: Api, open_page: Open) -> None:
    """Another program adds a tag while the reader is on one."""
    send_all(api, "one")
    (message,) = api.smtp.messages
    api.ask("PUT", "/api/v1/tags", {"IDs": [message.id], "Tags": ["b c"]})
    page = open_page()
    open_first(page)
    expect(page.get_by_test_id("live")).to_have_text("live")
    button = page.get_by_role("button", name="Remove the tag b c")
    button.focus()
    api.ask("PUT", "/api/v1/tags", {"IDs": [message.id], "Tags": ["a", "b c"]})
    expect(page.get_by_test_id("tag")).to_have_count(2)
    expect(button).to_be_focused()


def search_all(page: Page) -> list[Route]:
    """Empty the search, and hold the list that it finds."""
    with holding(page, "**/page/messages?q=&*") as held:
        page.get_by_test_id("search").fill("")
    return held


def test_deleting_all_before_the_answer_of_a_search(api: Api, open_page: Open) -> None:
    """What the list showed when the reader was asked is deleted, and nothing else."""
    send_all(api, "one", "two")
    page = open_quiet(open_page, "/?q=one")
    held = search_all(page)
    page.get_by_test_id("delete-listed").click()
    held[0].continue_()
    rows = page.get_by_test_id("message-row")
    expect(rows).to_have_count(2)
    page.get_by_test_id("confirm-yes").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("two")


def test_marking_all_before_the_answer_of_a_search(api: Api, open_page: Open) -> None:
    """What the list shows is marked as read, and nothing else."""
    send_all(api, "one", "two")
    page = open_quiet(open_page, "/?q=one")
    search_all(page)
    page.get_by_test_id("read-listed").click()
    rows = page.get_by_test_id("message-row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_have_class("row unread")
    expect(rows.last).to_have_class("row")


def test_opening_a_message_while_another_is_deleted(api: Api, open_page: Open) -> None:
    """It opens although the one that it takes the place of is removed first."""
    send_all(api, "one", "two")
    one, two = api.smtp.messages
    page = open_page()
    open_first(page)
    expect(page.get_by_test_id("live")).to_have_text("live")
    held = begin(page, one, page.get_by_test_id("next").click)
    api.ask("DELETE", "/api/v1/messages", {"IDs": [two.id]})
    expect(page.get_by_test_id("message-row")).to_have_count(1)
    held[0].continue_()
    expect(page.get_by_test_id("subject")).to_have_text("one")


def test_two_steps_at_once(api: Api, open_page: Open) -> None:
    """The second click starts from the message that is being opened."""
    send_all(api, "one", "two", "three")
    page = open_page()
    open_first(page)
    begin(page, api.smtp.messages[1], page.get_by_test_id("next").click)
    page.get_by_test_id("next").click()
    expect(page.get_by_test_id("subject")).to_have_text("one")


def test_escape_stops_the_first_message(api: Api, open_page: Open) -> None:
    """A message that is still loading does not appear after Esc."""
    send_all(api, "one")
    page = open_page()
    begin(page, api.smtp.messages[0], page.get_by_test_id("message-row").click)
    with page.expect_event("requestfailed"):
        page.keyboard.press("Escape")
    expect(page.get_by_test_id("message")).to_have_count(0)
