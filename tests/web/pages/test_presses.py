"""A press of the mouse while the part of the page below it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from held_requests import holding, open_quiet
from open_sessions import open_session
from page_mail import make_message, send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Locator, Page, Route

    Open = Callable[..., Page]


def click_during(page: Page, button: Locator, held: list[Route]) -> None:
    """Press, let the answer come, and release."""
    button.hover()
    page.mouse.down()
    with page.expect_event("requestfinished", lambda request: request == held[0].request):
        held[0].continue_()
    page.mouse.up()


def test_a_tag_while_the_message_is_marked_as_read(api: Api, open_page: Open) -> None:
    """The answer does not take the button away."""
    send(api.smtp, make_message())
    (message,) = api.smtp.messages
    api.ask("PUT", "/api/v1/tags", {"IDs": [message.id], "Tags": ["urgent"]})
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    with holding(page, "**/read") as held:
        page.get_by_test_id("message-row").click()
    click_during(page, page.get_by_role("button", name="Remove the tag urgent"), held)
    expect(page.get_by_test_id("tag")).to_have_count(0)
    expect(page.get_by_test_id("message-row")).to_have_class("row")


def test_two_tabs_one_after_the_other(api: Api, open_page: Open) -> None:
    """The second click counts although the first tab comes during it."""
    send(api.smtp, make_message())
    page = open_quiet(open_page, "/view/latest")
    with holding(page, "**/contents?tab=source*") as held:
        page.get_by_test_id("tab-source").click()
    click_during(page, page.get_by_test_id("tab-headers"), held)
    expect(page.get_by_test_id("panel-headers")).to_be_visible()


def test_two_steps_one_after_the_other(api: Api, open_page: Open) -> None:
    """The second click counts although the next message comes during it."""
    for subject in ("one", "two", "three"):
        send(api.smtp, make_message(subject))
    page = open_quiet(open_page, "/view/latest")
    second = f"**/page/messages/{api.smtp.messages[1].id}*"
    with holding(page, second) as held:
        page.get_by_test_id("next").click()
    click_during(page, page.get_by_test_id("next"), held)
    expect(page.get_by_test_id("subject")).to_have_text("one")


def test_two_clients_one_after_the_other(open_page: Open) -> None:
    """The second click counts although the settings of the first client come during it."""
    page = open_quiet(open_page, "/connect")
    with holding(page, "**/client?client=django*") as held:
        page.get_by_test_id("client-django").click()
    click_during(page, page.get_by_test_id("client-rails"), held)
    expect(page.get_by_test_id("snippet")).to_contain_text("config.action_mailer")


def test_two_rules_one_after_the_other(api: Api, open_page: Open) -> None:
    """Both are switched off although the first answer comes during the second click."""
    api.smtp.faults.fail("mail")
    api.smtp.faults.fail("rcpt")
    page = open_page("/faults")
    expect(page.get_by_test_id("live")).to_have_text("live")
    switches = page.get_by_test_id("switch")
    with holding(page, "**/switch?*") as held:
        switches.first.click()
    click_during(page, switches.last, held)
    for each in switches.all():
        expect(each).to_have_attribute("aria-checked", "false")


def test_a_session_that_goes_on(api: Api, open_page: Open) -> None:
    """The button that closes it works while a message is added to it."""
    with open_session(api, open_page) as (client, page):
        page.get_by_test_id("close").hover()
        page.mouse.down()
        with page.expect_event("requestfinished", lambda request: "/page/sessions/" in request.url):
            client.begin_data()
            client.ask("Subject: x\r\n\r\nx\r\n.")
        page.mouse.up()
        expect(page.get_by_test_id("session")).to_have_count(0)


def test_a_menu_ends_the_press(api: Api, open_page: Open) -> None:
    """The list goes on after a right click, also where its release is not noticed."""
    send(api.smtp, make_message("one"))
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    page.get_by_test_id("message-row").hover()
    page.mouse.down(button="right")
    send(api.smtp, make_message("two"))
    expect(page.get_by_test_id("message-row")).to_have_count(2)


def test_a_double_click_removes_one_rule(api: Api, open_page: Open) -> None:
    """The rule that takes the place of the removed one stays."""
    for stage in ("mail", "rcpt", "data"):
        api.smtp.faults.fail(stage)
    page = open_page("/faults")
    rules = page.get_by_test_id("rule")
    page.get_by_test_id("remove").first.click()
    expect(rules).to_have_count(2)
    # The second click of a double click, after the answer to the first one.
    page.get_by_test_id("remove").first.dispatch_event("click", {"detail": 2})
    page.get_by_test_id("remove").last.click()
    expect(rules).to_have_count(1)
    expect(rules).to_contain_text("RCPT")
