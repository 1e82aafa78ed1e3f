"""Sessions in a browser: the list, one conversation, two side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from page_mail import make_message, send
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page

    Open = Callable[..., Page]


def test_a_session_without_a_message_has_its_reason(api: Api, open_page: Open) -> None:
    """A refused session arrives without a reload, with its reason in words."""
    page = open_page("/sessions")
    expect(page.get_by_test_id("no-sessions")).to_be_visible()
    api.fail(b"EHLO me", b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>")
    row = page.get_by_test_id("session-row")
    expect(row).to_contain_text("530")
    row.click()
    expect(page.get_by_test_id("diagnosis")).to_contain_text("refused")
    expect(page.locator(".turn.refused")).to_contain_text("530 5.7.1")


def test_a_session_is_a_conversation_with_times(api: Api, open_page: Open) -> None:
    """One session shows its lines, its TLS, its timeline, its message and its facts."""
    send(api.smtp, make_message("sent"))
    page = open_page("/sessions")
    page.get_by_test_id("session-row").click()
    turns = page.get_by_test_id("turns")
    expect(turns).to_contain_text(re.compile(r"rcpt to:<bcc@example\.com>", re.IGNORECASE))
    expect(turns).to_contain_text("TLSv1.3")
    expect(turns).to_contain_text("ms")
    expect(page.get_by_test_id("timeline").locator("rect").first).to_be_attached()
    page.get_by_test_id("open-message").click()
    expect(page.get_by_test_id("subject")).to_have_text("sent")


def test_a_session_in_korean(api: Api, open_page: Open) -> None:
    """Reasons, notes, facts and events are in the reader's language; replies are as sent."""
    api.smtp.fail("mail", reply="451 4.3.0 Later")
    api.fail(b"EHLO me", b"MAIL FROM:<a@example.com>")
    page = open_page("/sessions", locale="ko-KR")
    expect(page.get_by_test_id("session-row")).to_contain_text("계획한 장애")
    page.get_by_test_id("session-row").click()
    fault = "서버가 명령을 실행하지 않고 '451 4.3.0 Later' 응답을 보냅니다"
    expect(page.get_by_test_id("diagnosis")).to_contain_text(fault)
    turns = page.get_by_test_id("turns")
    expect(turns).to_contain_text(f"(mail): {fault}")
    expect(turns).to_contain_text("451 4.3.0 Later")
    expect(turns).to_contain_text("QUIT로 종료")
    page.goto("/faults")
    expect(page.get_by_test_id("rule")).to_contain_text(f"MAIL에서, 항상: {fault}.")
    page.goto("/connect?client=go")
    expect(page.get_by_test_id("trust")).to_contain_text("Go, 코드에서:")


def test_lists_of_some_kind(api: Api, open_page: Open) -> None:
    """The list can show only refused sessions, or those without a message."""
    send(api.smtp, make_message())
    api.fail(b"EHLO me")
    page = open_page("/sessions")
    expect(page.get_by_test_id("session-row")).to_have_count(2)
    page.locator("label", has=page.get_by_test_id("kind-without")).click()
    expect(page.get_by_test_id("session-row")).to_have_count(1)
    page.locator("label", has=page.get_by_test_id("kind-refused")).click()
    expect(page.get_by_test_id("no-match")).to_be_visible()
    page.get_by_test_id("search").fill("is:nothing")
    expect(page.get_by_test_id("search-problem")).to_contain_text("position")


def test_two_sessions_side_by_side(api: Api, open_page: Open) -> None:
    """Two sessions are compared line by line."""
    first = api.fail(b"EHLO me", b"NOOP")
    api.fail(b"EHLO me", b"RSET")
    page = open_page("/sessions?kind=without")
    page.get_by_test_id("session-row").first.click()
    page.get_by_test_id("compare-with").select_option(first.id)
    differing = page.get_by_test_id("comparison").locator(".differs")
    expect(differing.first).to_contain_text("RSET")
    expect(differing.first).to_contain_text("NOOP")
    assert page.url.endswith(f"?with={first.id}&kind=without")
    page.get_by_test_id("close").click()
    expect(page).to_have_url(f"{api.http.url}/sessions?kind=without")


def test_a_session_can_be_saved(api: Api) -> None:
    """A session is downloaded as HTML, text and JSON Lines."""
    session = api.fail(b"EHLO me")
    for form in ("html", "txt", "jsonl"):
        response = api.get(f"/sessions/{session.id}/session.{form}")
        assert b"EHLO me" in response.body
        assert response.headers["content-disposition"].startswith("attachment")
    assert api.get(f"/sessions/{session.id}/session.exe").status == 404
    assert api.get("/sessions/nothing").status == 404
