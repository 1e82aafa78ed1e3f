"""Long contents leave room for the rest, at every width."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from page_mail import make_message, send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Locator, Page

    Open = Callable[..., Page]

WIDTHS = [390, 820, 1440]
#: Where an element is when the browser has laid it out: it leaves out rows that nobody sees.
BOX = """each => new Promise((done) => {
    const look = () => done(each.getBoundingClientRect().toJSON());
    requestAnimationFrame(() => requestAnimationFrame(look));
})"""


def box(locator: Locator) -> dict[str, float]:
    """Return where an element is (pixels)."""
    place: dict[str, float] = locator.evaluate(BOX)
    return place


def open_at(open_page: Open, path: str, width: int) -> Page:
    """Open a path in a window of a width, whose lists are not renewed by events."""
    page = open_page("about:blank", viewport={"width": width, "height": 900})
    page.route("**/events?*", lambda route: route.abort())
    page.goto(path)
    if path != "/":
        expect(page.get_by_test_id("message-row").first).to_have_class("row")  # read
    return page


@pytest.mark.parametrize("path", ["/", "/view/latest"])
@pytest.mark.parametrize("width", WIDTHS)
def test_tags_stay_in_one_line(api: Api, open_page: Open, path: str, width: int) -> None:
    """A row with many tags is as high as the others, and shows two of them and their number."""
    send(api.smtp, make_message("one"))
    send(api.smtp, make_message("two"))
    tags = ["a long tag that somebody typed", "and another long tag", "주문", "QA"]
    api.ask("PUT", "/api/v1/tags", {"IDs": [api.smtp.messages[0].id], "Tags": tags})
    page = open_at(open_page, path, width)
    if width == 390 and path != "/":
        page.get_by_test_id("back").click()
    tagged = page.get_by_test_id("message-row").last
    expect(tagged.locator(".tag")).to_have_count(2)
    expect(tagged).to_contain_text("+2")
    assert box(tagged)["height"] == box(page.get_by_test_id("message-row").first)["height"]
    assert box(tagged.locator(".subject"))["width"] > 80


@pytest.mark.parametrize("width", WIDTHS)
def test_many_addresses(api: Api, open_page: Open, width: int) -> None:
    """The tabs stay near the top, although the subject and the recipients take many lines."""
    to = ", ".join(f"user{number}@example.com" for number in range(200))
    send(api.smtp, f"Subject: {'very long ' * 90}\r\nTo: {to}\r\nCc: {to}\r\n\r\nx".encode())
    page = open_at(open_page, "/view/latest", width)
    assert box(page.get_by_test_id("tab-text"))["y"] < 600
    page.get_by_test_id("tab-headers").click()
    expect(page.get_by_test_id("headers")).to_contain_text("user199@example.com")


@pytest.mark.parametrize("width", WIDTHS)
def test_links_beside_their_button(api: Api, open_page: Open, width: int) -> None:
    """The menu of many links is under its button, and fits into the window."""
    links = "".join(f"https://shop.example/{number}\n" for number in range(60))
    send(api.smtp, make_message(html=None, text=links))
    page = open_at(open_page, "/view/latest", width)
    button = page.get_by_test_id("all-links")
    button.click()
    menu = page.locator("#links")
    expect(menu).to_be_in_viewport(ratio=1)
    assert 0 <= box(menu)["y"] - box(button)["y"] - box(button)["height"] < 10


def test_mail_types_are_in_one_column(api: Api, open_page: Open) -> None:
    """Messages of all sizes have their mail type at the same place of a wide list."""
    send(api.smtp, make_message("small", html=None, text="x"))
    send(api.smtp, make_message("large", files=(("a.bin", b"x" * 900_000),)))
    page = open_at(open_page, "/", 1440)
    types = page.get_by_test_id("mail-type")
    expect(types).to_have_count(2)
    small, large = (box(types.nth(number)) for number in (1, 0))
    assert small["x"] + small["width"] == large["x"] + large["width"]


def test_a_recipient_beside_a_long_sender(api: Api, open_page: Open) -> None:
    """A narrow list has room for the first letters of both."""
    send(api.smtp, b"Subject: x\r\n\r\nx")
    page = open_at(open_page, "/view/latest", 820)
    row = page.get_by_test_id("message-row")
    assert box(row.locator(".who"))["width"] > 90
    assert box(row.locator(".to"))["width"] > 30


@pytest.mark.parametrize("width", WIDTHS)
def test_only_the_session_scrolls(api: Api, open_page: Open, width: int) -> None:
    """The top of the page stays where it is, however long a session is."""
    with smtplib.SMTP("localhost", api.smtp.port(587)) as client:
        for _ in range(50):
            client.docmd("data")
    page = open_page(
        f"/sessions/{api.smtp.sessions[0].id}", viewport={"width": width, "height": 900}
    )
    expect(page.get_by_test_id("turns")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") == 900


@pytest.mark.parametrize("language", ["en", "ko"])
def test_names_of_sections_stay_in_one_line(open_page: Open, language: str) -> None:
    """On a small phone, beside a long number of unread messages."""
    page = open_page(viewport={"width": 360, "height": 800}, locale=language)
    # The number comes after the page. Before that there is no place for it.
    expect(page.get_by_test_id("unread-count")).to_be_attached()
    lines = page.get_by_test_id("nav-messages").evaluate(
        """link => {
            link.querySelector(".count").textContent = "1,000+";
            const name = new Range();
            name.selectNode(link.firstChild);
            return name.getClientRects().length;
        }"""
    )
    assert lines == 1


def test_a_notice_uses_the_width_of_a_phone(open_page: Open) -> None:
    """A long error does not take half of the width and twice the lines."""
    page = open_page("/faults", viewport={"width": 390, "height": 844})
    page.get_by_test_id("option-reply").fill("55")
    page.get_by_test_id("add-rule").click()
    expect(page.get_by_test_id("toast")).to_be_visible()
    notice = box(page.get_by_test_id("toast"))
    assert notice["width"] > 300
    assert notice["x"] == 390 - notice["x"] - notice["width"]


#: By how much something in a scrolled part is wider than the part (pixels).
EXCESS = "each => each.scrollWidth - each.clientWidth"


@pytest.mark.parametrize("width", WIDTHS)
def test_findings_about_long_words(api: Api, open_page: Open, width: int) -> None:
    """The texts of findings, and what they quote, are not wider than their tab."""
    send(
        api.smtp, f"From: {'n' * 200}@example.com\r\nTo: {'t' * 300}@example.com\r\n\r\nx".encode()
    )
    page = open_page("/view/latest?tab=findings", viewport={"width": width, "height": 900})
    expect(page.get_by_test_id("findings")).to_contain_text("nnn")
    assert page.locator("#reading").evaluate(EXCESS) == 0


def test_long_words_of_sessions_and_rules(api: Api, open_page: Open) -> None:
    """A long address of an envelope, or in a fault rule, takes several lines."""
    with smtplib.SMTP("localhost", api.smtp.port(587)) as client:
        client.ehlo()
        client.mail(f"{'a' * 200}@example.com")
    page = open_page(f"/sessions/{api.smtp.sessions[0].id}", viewport={"width": 390, "height": 844})
    expect(page.get_by_test_id("transactions")).to_contain_text("aaa")
    assert page.locator("#reading").evaluate(EXCESS) == 0
    page.goto(f"/faults?where=rcpt&reply=550+{'n' * 200}")
    expect(page.get_by_test_id("sentence")).to_contain_text("nnn")
    assert page.locator(".single").evaluate(EXCESS) == 0
