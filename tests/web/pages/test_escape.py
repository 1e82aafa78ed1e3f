"""Esc closes one thing at a time: what is on top, then the message."""

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


def open_message(api: Api, open_page: Open) -> Page:
    """Open the page of a message, and wait until its list is renewed by events."""
    send(api.smtp, make_message())
    page = open_page("/view/latest")
    expect(page.get_by_test_id("live")).to_have_text("live")
    return page


def close_message(page: Page) -> None:
    """Check that the message is still open, and that the next Esc closes it."""
    expect(page.get_by_test_id("message")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("message")).to_have_count(0)


@pytest.mark.parametrize(
    ("key", "dialog"), [("Control+k", "palette"), ("?", "help"), ("x", "confirm")]
)
def test_a_dialog_before_the_message(api: Api, open_page: Open, key: str, dialog: str) -> None:
    """The message that was open stays open, and is not deleted; the next Esc closes it."""
    page = open_message(api, open_page)
    page.keyboard.press(key)
    expect(page.get_by_test_id(dialog)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id(dialog)).to_be_hidden()
    close_message(page)
    assert len(api.smtp.messages) == 1


def test_a_key_in_the_moment_after_a_dialog(api: Api, open_page: Open) -> None:
    """It counts, although the focus is still in the field of the dialog."""
    page = open_message(api, open_page)
    page.keyboard.press("Control+k")
    page.evaluate(
        """() => {
            document.querySelector("#palette").close();
            const event = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
            document.activeElement.dispatchEvent(event);
        }"""
    )
    expect(page.get_by_test_id("message")).to_have_count(0)


def test_the_search_before_the_message(api: Api, open_page: Open) -> None:
    """The help, then the field, then the message."""
    page = open_message(api, open_page)
    page.keyboard.press("/")
    page.keyboard.type("typ")
    expect(page.get_by_test_id("search-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("search-help")).to_be_hidden()
    expect(page.get_by_test_id("search")).to_be_focused()
    expect(page.get_by_test_id("search")).to_have_value("typ")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("search")).not_to_be_focused()
    close_message(page)


def test_the_field_of_a_tag_before_the_message(api: Api, open_page: Open) -> None:
    """Esc leaves the field, and what was typed stays in it."""
    page = open_message(api, open_page)
    page.get_by_test_id("add-tag").fill("urgent")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("add-tag")).not_to_be_focused()
    expect(page.get_by_test_id("add-tag")).to_have_value("urgent")
    close_message(page)


def test_escape_closes_what_is_on_top(api: Api, open_page: Open) -> None:
    """A menu or the search help before the message, without shortcuts too."""
    send(api.smtp, make_message())
    page = open_page("/view/latest")
    page.context.add_cookies([{"name": "keys", "value": "off", "url": api.http.url}])
    page.reload()
    for button, menu in (
        ("all-links", "#links"),
        ("open-settings", "#settings"),
        ("search-help-button", "#search-help"),
    ):
        page.get_by_test_id(button).click()
        expect(page.locator(menu)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(menu)).to_be_hidden()
        expect(page.get_by_test_id("message")).to_be_visible()
    close_message(page)
