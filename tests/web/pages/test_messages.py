"""The list of messages and one message, in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from held_requests import holding
from page_mail import CODE, make_message, send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page, Route

    Open = Callable[..., Page]


def test_a_message_arrives_without_a_reload(api: Api, open_page: Open) -> None:
    """A new message is in the list, the title and the icon while the page stays open."""
    page = open_page()
    expect(page.get_by_test_id("no-messages")).to_be_visible()
    expect(page.get_by_test_id("live")).to_have_text("live")
    page.evaluate("window.stays = true")
    send(api.smtp, make_message("Arrived"))
    expect(page.get_by_test_id("message-row")).to_contain_text("Arrived")
    expect(page.get_by_test_id("unread-count")).to_contain_text("1")
    expect(page).to_have_title("(1) fakesmtp")
    assert "unread" in str(page.locator("#icon").get_attribute("href"))
    assert page.evaluate("window.stays") is True


def test_a_click_counts_although_a_message_arrives_during_it(api: Api, open_page: Open) -> None:
    """The list is not replaced between press and release: the row under the pointer opens."""
    send(api.smtp, make_message("first"))
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    page.get_by_test_id("message-row").hover()
    with page.expect_response(lambda response: "/page/messages" in response.url):
        page.mouse.down()
        send(api.smtp, make_message("second"))
    page.mouse.up()
    expect(page.get_by_test_id("subject")).to_have_text("first")
    expect(page.get_by_test_id("message-row")).to_have_count(2)


def test_windows_share_one_stream_of_events(api: Api, open_page: Open) -> None:
    """A message arrives in every window, also after the one that follows the events is closed."""
    first = open_page()
    expect(first.get_by_test_id("live")).to_have_text("live")
    second = first.context.new_page()
    second.goto("/")
    expect(second.get_by_test_id("live")).to_have_text("live")
    send(api.smtp, make_message("one"))
    for page in (first, second):
        expect(page.get_by_test_id("message-row")).to_have_count(1)
    first.close()
    expect(second.get_by_test_id("live")).to_have_text("live")
    send(api.smtp, make_message("two"))
    expect(second.get_by_test_id("message-row")).to_have_count(2)


def test_what_arrives_while_a_page_loads_is_shown(api: Api, open_page: Open) -> None:
    """A message between the list and its events is in the list, in every window."""
    first = open_page("about:blank")
    first.route("**/events?*", lambda route: (send(api.smtp, make_message()), route.continue_()))
    first.goto("/")
    expect(first.get_by_test_id("message-row")).to_have_count(1)

    def arrive(route: Route) -> None:
        with first.expect_response(lambda response: "/page/messages" in response.url):
            send(api.smtp, make_message())
        route.continue_()

    second = first.context.new_page()
    second.route("**/page.js*", arrive)
    second.goto("/")
    expect(second.get_by_test_id("message-row")).to_have_count(2)


def test_every_tab_shows_its_part(api: Api, open_page: Open) -> None:
    """HTML, text, headers, source, attachments, session and findings of one message."""
    send(api.smtp, make_message("(광고) 세일", files=(("견적서.pdf", b"%PDF"),)), "ad")
    page = open_page()
    page.get_by_test_id("message-row").click()
    frame = page.frame_locator("[data-testid=html-frame]")
    expect(frame.get_by_text("한빛상점")).to_be_visible()
    assert frame.locator("#logo").evaluate("each => each.naturalWidth") == 1
    shown = {
        "text": f"인증번호: {CODE}",
        "headers": "no-reply@shop.example",
        "source": "Subject: =?utf-8?",
        "attachments": "견적서.pdf",
        "session": "RCPT TO:<bcc@example.com>",
        "findings": "ad-",
    }
    for tab, text in shown.items():
        page.get_by_test_id(f"tab-{tab}").click()
        panel = page.get_by_test_id(f"panel-{tab}")
        if tab == "session":
            expect(panel.get_by_text(text, exact=False).first).to_be_visible()
        else:
            expect(panel).to_contain_text(text)
    assert page.url.endswith("?tab=findings")
    expect(page.get_by_test_id("envelope")).to_contain_text("bcc@example.com")


def test_a_link_inside_the_html_scrolls(api: Api, open_page: Open) -> None:
    """It opens no other tab."""
    html = "<p><a class=x href='#end'>down</a><p style='height: 5000px'><p id=end>the end"
    send(api.smtp, make_message(html=html))
    page = open_page("/view/latest")
    frame = page.frame_locator("[data-testid=html-frame]")
    frame.get_by_text("down").click()
    expect(frame.get_by_text("the end")).to_be_in_viewport()
    assert len(page.context.pages) == 1


def test_findings_mark_the_place(api: Api, open_page: Open) -> None:
    """A finding shows the marked text, and its line in the source."""
    send(api.smtp, make_message("세일", text="http://shop.example/sale\n", html=None), "ad")
    page = open_page("/view/latest?tab=findings")
    expect(page.get_by_test_id("findings")).to_contain_text("line")
    page.get_by_test_id("findings").get_by_role("link", name="line").first.click()
    expect(page.locator(".source .marked").first).to_be_visible()


def test_a_read_message_is_no_longer_unread(api: Api, open_page: Open) -> None:
    """Opening a message marks it as read; a button marks it as unread again."""
    send(api.smtp, make_message())
    page = open_page()
    row = page.get_by_test_id("message-row")
    row.click()
    expect(row).not_to_have_class("row unread")
    page.get_by_test_id("mark-unread").click()
    expect(row).to_have_class("row unread")
    expect(page.get_by_test_id("unread-count")).to_contain_text("1")


def test_what_is_done_with_a_message_is_done_in_order(api: Api, open_page: Open) -> None:
    """A message that is marked as unread while it is still being marked as read stays unread."""
    send(api.smtp, make_message())
    page = open_page()
    with holding(page, "**/read") as held:
        page.get_by_test_id("message-row").click()
    page.get_by_test_id("mark-unread").click()
    with page.expect_response("**/unread"):
        held[0].continue_()
    expect(page.get_by_test_id("message-row")).to_have_class("row unread")


def test_the_list_is_marked_as_read(api: Api, open_page: Open) -> None:
    """A button marks the messages of the list as read, and no others."""
    send(api.smtp, make_message("one"), "ad")
    send(api.smtp, make_message("two"), "auth")
    page = open_page("/?type=ad")
    page.get_by_test_id("read-listed").click()
    expect(page.get_by_test_id("message-row")).to_have_class("row")
    expect(page.get_by_test_id("unread-count")).to_contain_text("1")


def test_messages_one_after_the_other(api: Api, open_page: Open) -> None:
    """Buttons open the next message and the one before; closing shows the list again."""
    for subject in ("one", "two", "three"):
        send(api.smtp, make_message(subject))
    page = open_page("/?q=subject:o")
    rows, subject = page.get_by_test_id("message-row"), page.get_by_test_id("subject")
    expect(rows).to_have_count(2)
    rows.first.click()
    expect(subject).to_have_text("two")
    page.get_by_test_id("next").click()
    expect(subject).to_have_text("one")
    expect(page.get_by_test_id("next")).to_be_focused()
    page.get_by_test_id("next").click()
    page.get_by_test_id("previous").click()
    expect(subject).to_have_text("two")
    page.get_by_test_id("close").click()
    expect(subject).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/\?q=subject%3Ao"))
    expect(rows.first.locator("a")).to_be_focused()
    page.go_back()
    expect(subject).to_have_text("two")
    # The page is loaded again: keys do something when its script has run.
    expect(page.get_by_test_id("live")).to_have_text("live")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("message")).to_have_count(0)


def test_back_to_a_message_that_was_opened_by_its_address(api: Api, open_page: Open) -> None:
    """After closing it, the browser's "back" shows it again."""
    send(api.smtp, make_message("one"))
    page = open_page(f"/view/{api.smtp.messages[0].id}")
    subject = page.get_by_test_id("subject")
    expect(page.get_by_test_id("live")).to_have_text("live")
    page.get_by_test_id("close").click()
    expect(subject).to_be_hidden()
    page.go_back()
    expect(subject).to_have_text("one")


def test_deleting_asks_first(api: Api, open_page: Open) -> None:
    """A message is deleted only after the reader has confirmed it."""
    send(api.smtp, make_message())
    page = open_page("/view/latest")
    page.get_by_test_id("delete").click()
    page.get_by_test_id("confirm-no").click()
    expect(page.get_by_test_id("message")).to_be_visible()
    assert len(api.smtp.messages) == 1
    page.get_by_test_id("delete").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("toast")).to_have_text("Deleted")
    expect(page.get_by_test_id("no-messages")).to_be_visible()
    expect(page.get_by_test_id("no-messages")).to_contain_text(str(api.smtp.port(587)))
    assert api.smtp.messages == []


def test_deleting_while_a_message_is_marked_as_read(api: Api, open_page: Open) -> None:
    """What the reader confirmed waits for the request before it, and is not asked again."""
    send(api.smtp, make_message())
    page = open_page("about:blank")
    with holding(page, "**/read") as held:
        page.goto("/view/latest")
    page.get_by_test_id("delete").click()
    page.get_by_test_id("confirm-yes").click()
    assert len(api.smtp.messages) == 1
    held[0].continue_()
    expect(page.get_by_test_id("toast")).to_have_text("Deleted")
    assert api.smtp.messages == []


def test_all_messages_of_a_search_are_deleted(api: Api, open_page: Open) -> None:
    """The button above the list deletes what the list shows, and nothing else."""
    send(api.smtp, make_message("one"), "ad")
    send(api.smtp, make_message("two"), "auth")
    page = open_page("/?type=ad")
    page.get_by_test_id("delete-listed").click()
    page.get_by_test_id("confirm-yes").click()
    page.wait_for_url(f"{api.http.url}/")
    expect(page.get_by_test_id("message-row")).to_contain_text("two")
    assert [message.subject for message in api.smtp.messages] == ["two"]


def test_tags(api: Api, open_page: Open) -> None:
    """A tag is added and removed, and the list shows it."""
    send(api.smtp, make_message())
    page = open_page("/view/latest")
    page.get_by_test_id("add-tag").fill("주문")
    page.get_by_test_id("add-tag").press("Enter")
    expect(page.get_by_test_id("tag")).to_contain_text("주문")
    expect(page.get_by_test_id("message-row")).to_contain_text("주문")
    page.get_by_role("button", name="Remove the tag 주문").click()
    expect(page.get_by_test_id("tag")).to_have_count(0)
    expect(page.locator("#reading")).to_be_focused()


def test_what_is_typed_stays(api: Api, open_page: Open) -> None:
    """An answer of the server replaces no field in which somebody types."""
    send(api.smtp, make_message())
    page = open_page("about:blank")
    with holding(page, "**/read") as held:
        page.goto("/view/latest")
    field = page.get_by_test_id("add-tag")
    field.fill("주문")
    with page.expect_response("**/read"):
        held[0].continue_()
    expect(page.get_by_test_id("message-row")).not_to_have_class("row unread")
    expect(field).to_have_value("주문")
    field.press("Enter")
    expect(page.get_by_test_id("tag")).to_contain_text("주문")
    expect(field).to_have_value("")


def test_search_and_filters(api: Api, open_page: Open) -> None:
    """The search, the mail type and the AppKey limit the list, and are in the address."""
    send(api.smtp, make_message("first"), "ad")
    send(api.smtp, make_message("second"), "auth")
    page = open_page()
    rows = page.get_by_test_id("message-row")
    expect(rows).to_have_count(2)
    page.get_by_test_id("search").fill("subject:first")
    expect(rows).to_have_count(1)
    assert "q=subject%3Afirst" in page.url
    page.locator("label", has=page.get_by_test_id("type-auth")).click()
    expect(page.get_by_test_id("no-match")).to_be_visible()
    page.get_by_test_id("search").fill("is:new")
    expect(page.get_by_test_id("search-problem")).to_contain_text("position 1")
    page.goto("/view/latest")
    page.get_by_test_id("app-key").click()
    expect(page.get_by_test_id("app-key-filter")).to_be_visible()
    expect(rows).to_have_count(2)


def test_the_search_as_it_is_now_is_in_every_address(api: Api, open_page: Open) -> None:
    """A tab, closing and the chip of an AppKey keep a search that changed since they were shown."""
    send(api.smtp, make_message("alpha one"), "ad")
    send(api.smtp, make_message("alpha two"), "ad")
    page = open_page(f"/?app_key={api.smtp.account.app_key}")
    page.get_by_test_id("message-row").first.click()
    expect(page.get_by_test_id("subject")).to_be_visible()
    page.get_by_test_id("search").fill("alpha")
    page.locator("label", has=page.get_by_test_id("type-ad")).click()
    expect(page).to_have_url(re.compile(r"/view/[^?]*\?.*type=ad"))
    page.get_by_test_id("tab-source").click()
    expect(page).to_have_url(re.compile(r"\?tab=source&.*q=alpha&type=ad"))
    page.get_by_test_id("close").click()
    expect(page).to_have_url(re.compile(r"\d/\?.*q=alpha&type=ad"))
    page.get_by_test_id("app-key-filter").click()
    expect(page).to_have_url(f"{api.http.url}/?q=alpha&type=ad")


def test_a_late_answer_changes_nothing(api: Api, open_page: Open) -> None:
    """A slow tab and a slow deletion leave the message that was opened after them."""
    send(api.smtp, make_message("one"))
    send(api.smtp, make_message("two"))
    page = open_page()
    rows, subject = page.get_by_test_id("message-row"), page.get_by_test_id("subject")
    held: list[Route] = []
    page.route("**/contents?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    rows.first.click()
    with page.expect_request("**/contents?*"):
        page.get_by_test_id("tab-source").click()
    with page.expect_event("requestfailed"):
        page.get_by_test_id("next").click()
    expect(subject).to_have_text("one")
    page.get_by_test_id("previous").click()
    expect(subject).to_have_text("two")
    first, second = (each.id for each in api.smtp.messages)
    page.route(
        f"**/page/messages/{second}",
        lambda route: held.append(route) if route.request.method == "DELETE" else route.continue_(),
    )
    page.keyboard.press("x")
    with page.expect_request(lambda request: request.method == "DELETE"):
        page.get_by_test_id("confirm-yes").click()
    page.get_by_test_id("next").click()
    expect(subject).to_have_text("one")
    held[-1].continue_()
    expect(rows).to_have_count(1)
    expect(subject).to_have_text("one")
    assert f"/view/{first}" in page.url


def test_a_message_that_is_changed_elsewhere(api: Api, open_page: Open) -> None:
    """A tag appears in the open message; after its deletion the list is shown."""
    send(api.smtp, make_message())
    page = open_page("/view/latest")
    expect(page.get_by_test_id("message-row")).not_to_have_class("row unread")
    expect(page.get_by_test_id("live")).to_have_text("live")
    (message,) = api.smtp.messages
    api.ask("PUT", "/api/v1/tags", {"IDs": [message.id], "Tags": ["urgent"]})
    expect(page.get_by_test_id("tag")).to_contain_text("urgent")
    api.ask("DELETE", "/api/v1/messages", {"IDs": [message.id]})
    expect(page.get_by_test_id("message")).to_have_count(0)
    expect(page).to_have_title("fakesmtp")


def test_a_list_that_is_read_does_not_move(api: Api, open_page: Open) -> None:
    """Deleting and marking as read keep its place; at the top it is renewed."""
    for number in range(60):
        send(api.smtp, f"Subject: message {number}\r\n\r\nx\r\n".encode())
    page = open_page()
    expect(page.get_by_test_id("live")).to_have_text("live")
    rows = page.get_by_test_id("message-row")
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(60)
    page.get_by_test_id("read-listed").click()
    expect(page.locator(".row.unread")).to_have_count(0)
    rows.last.click()
    expect(rows.last).to_be_in_viewport()
    page.get_by_test_id("delete").click()
    page.get_by_test_id("confirm-yes").click()
    expect(rows).to_have_count(59)
    expect(page).to_have_title("fakesmtp")
    send(api.smtp, make_message("new"))
    expect(page.get_by_test_id("new-messages")).to_be_visible()
    page.locator("#list").evaluate("list => list.scrollTo(0, 0)")
    expect(rows.first).to_contain_text("new")
    expect(page.get_by_test_id("new-messages")).to_be_hidden()


def test_search_help_completes_words(api: Api, open_page: Open) -> None:
    """The help panel offers the words that begin as the last word of the search."""
    send(api.smtp, make_message(), "ad")
    send(api.smtp, make_message(), "auth")
    page = open_page()
    page.get_by_test_id("search").fill("t")
    expect(page.get_by_test_id("search-help")).to_be_hidden()
    page.get_by_test_id("search").fill("typ")
    expect(page.get_by_test_id("search-help")).to_be_visible()
    expect(page.get_by_test_id("search-help").locator("li:visible")).to_have_count(1)
    page.get_by_test_id("search").fill("ty")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("search")).to_have_value("type:ad")
    expect(page.get_by_test_id("message-row")).to_have_count(1)
    page.get_by_test_id("search").fill("hello -is")
    page.locator("[data-insert='is:unread']").click()
    expect(page.get_by_test_id("search")).to_have_value("hello -is:unread")
    page.get_by_test_id("search").fill("hello")
    page.get_by_test_id("search-help-button").click()
    expect(page.locator("[data-insert='is:unread']")).to_be_visible()


def test_keys(api: Api, open_page: Open) -> None:
    """The list, a message and the dialogs work by keys alone."""
    for subject in ("one", "two", "three"):
        send(api.smtp, make_message(subject))
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("subject")).to_have_text("two")
    page.keyboard.press("c")
    expect(page.get_by_test_id("toast")).to_contain_text(CODE)
    assert page.evaluate("navigator.clipboard.readText()") == CODE
    page.keyboard.press("l")
    expect(page.get_by_test_id("toast")).to_contain_text("verify")
    page.keyboard.press("x")
    expect(page.get_by_test_id("confirm")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("confirm")).to_be_hidden()
    page.keyboard.press("u")
    expect(page.get_by_test_id("message-row").nth(1)).to_have_class("row unread")
    page.keyboard.press("?")
    expect(page.get_by_test_id("help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("help")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_test_id("search")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_test_id("palette-search").fill("faults")
    page.keyboard.press("Enter")
    page.wait_for_url("**/faults")


def test_keys_of_a_korean_keyboard(api: Api, open_page: Open) -> None:
    """The keys of letters work while the keyboard writes Hangul, as on macOS."""
    send(api.smtp, make_message("one"))
    page = open_page()
    page.dispatch_event("body", "keydown", {"key": "ㅓ", "code": "KeyJ"})
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("subject")).to_have_text("one")
    page.dispatch_event("body", "keydown", {"key": "ㅌ", "code": "KeyX"})
    expect(page.get_by_test_id("confirm")).to_be_visible()


def test_a_click_with_ctrl_opens_a_new_tab(api: Api, open_page: Open) -> None:
    """It is the browser's, with the search in the address."""
    send(api.smtp, make_message("one"))
    send(api.smtp, make_message("two"))
    page = open_page()
    page.get_by_test_id("search").fill("one")
    # The address changes before the list.
    expect(page.get_by_test_id("message-row")).to_have_count(1)
    with page.context.expect_page() as opened:
        page.get_by_test_id("message-row").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_test_id("subject")).to_have_text("one")
    assert opened.value.url.endswith("?q=one")
    expect(page.get_by_test_id("message")).to_have_count(0)


def test_keys_can_be_switched_off(api: Api, open_page: Open) -> None:
    """Without shortcuts a letter does nothing (WCAG 2.2, 2.1.4)."""
    send(api.smtp, make_message())
    page = open_page("/view/latest")
    page.get_by_test_id("open-settings").click()
    page.get_by_label("Off").check()
    expect(page.locator("html")).to_have_attribute("data-keys", "off")
    page.keyboard.press("x")
    expect(page.get_by_test_id("confirm")).to_be_hidden()


def test_the_list_goes_on_when_it_is_scrolled(api: Api, open_page: Open) -> None:
    """More rows are loaded at the end of the list."""
    for number in range(60):
        send(api.smtp, f"Subject: message {number}\r\n\r\nx\r\n".encode())
    page = open_page()
    rows = page.get_by_test_id("message-row")
    expect(rows).to_have_count(50)
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(60)


@pytest.mark.parametrize("width", [375, 768])
def test_html_at_the_width_of_a_device(api: Api, open_page: Open, width: int) -> None:
    """The frame has the width of a phone or a tablet."""
    send(api.smtp, make_message())
    page = open_page("/view/latest", viewport={"width": 1600, "height": 900})
    name = {375: "phone", 768: "tablet"}[width]
    page.locator("label", has=page.get_by_test_id(f"width-{name}")).click()
    box = page.get_by_test_id("html-frame").bounding_box()
    assert box is not None
    assert box["width"] == width


def test_on_a_phone_the_message_takes_the_place_of_the_list(api: Api, open_page: Open) -> None:
    """A narrow screen shows the list or the message, and a link back."""
    send(api.smtp, make_message())
    page = open_page(viewport={"width": 390, "height": 844})
    row = page.get_by_test_id("message-row")
    row.click()
    expect(page.get_by_test_id("subject")).to_be_visible()
    expect(row).to_be_hidden()
    for tab in ("html", "attachments", "session", "findings"):
        expect(page.get_by_test_id(f"tab-{tab}")).to_be_in_viewport(ratio=1)
    page.get_by_test_id("back").click()
    expect(row).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_in_korean_and_in_the_dark(api: Api, open_page: Open) -> None:
    """Language and theme follow the browser, and the reader's choice."""
    send(api.smtp, make_message())
    page = open_page(locale="ko-KR", color_scheme="dark", timezone_id="Asia/Seoul")
    expect(page.get_by_test_id("nav-messages")).to_contain_text("메시지")
    back = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(back) == "rgb(22, 24, 28)"
    page.get_by_test_id("open-settings").click()
    page.get_by_label("밝게").check()
    assert page.evaluate(back) == "rgb(255, 255, 255)"
    page.get_by_label("English").check()
    expect(page.get_by_test_id("nav-messages")).to_contain_text("Messages")


@pytest.mark.parametrize("address", ["/", "/sessions"])
def test_a_search_that_cannot_be_read_in_korean(open_page: Open, address: str) -> None:
    """The page says at which character what is wrong."""
    page = open_page(f"{address}?q=a port:x", locale="ko-KR")
    problem = page.get_by_test_id("search-problem")
    expect(problem).to_contain_text("3번째 글자: port: 'x' 값은 포트가 아닙니다(예: 587).")


def test_dates_are_in_the_readers_zone(api: Api, open_page: Open) -> None:
    """The time of a message has the offset of the browser's zone."""
    send(api.smtp, make_message())
    page = open_page(timezone_id="Asia/Seoul")
    when = page.get_by_test_id("message-row").locator("time")
    expect(when).to_have_attribute("datetime", re.compile(r".*\+09:00"))


def test_the_reader_moves_to_another_zone(api: Api, open_page: Open) -> None:
    """The zone of an earlier visit is corrected, also where its name begins as the new one."""
    send(api.smtp, make_message())
    page = open_page("about:blank", timezone_id="Etc/GMT+1")
    page.context.add_cookies([{"name": "zone", "value": "Etc/GMT+10", "url": api.http.url}])
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-zone", "Etc/GMT+1")


def test_a_message_that_is_gone(api: Api, open_page: Open) -> None:
    """The address of a message that is not there shows what happened."""
    page = open_page("/view/nothing")
    expect(page.get_by_test_id("error")).to_contain_text("no longer here")
    assert api.get("/view/nothing").status == 404
