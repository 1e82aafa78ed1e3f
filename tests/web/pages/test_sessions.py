"""Sessions in a browser: the list, one conversation, two side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from open_sessions import open_session
from page_mail import make_message, send
from playwright.sync_api import expect
from raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page, Route

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


def test_an_open_session_goes_on(api: Api, open_page: Open) -> None:
    """A message that it brings, and its end, are shown without a reload."""
    with open_session(api, open_page) as (client, page):
        client.begin_data()
        client.ask("Subject: x\r\n\r\nx\r\n.")
        expect(page.get_by_test_id("open-message")).to_be_visible()
        client.ask("QUIT")
        client.read_to_end()
    expect(page.get_by_test_id("outcome")).to_have_text("1 message")
    expect(page.get_by_test_id("turns")).to_contain_text("QUIT")


def test_the_focus_stays_in_an_open_session(api: Api, open_page: Open) -> None:
    """What the session brings does not take the reader out of the choice below it."""
    api.fail(b"EHLO me", b"NOOP")
    with RawClient(api.smtp.port(587)) as client:
        client.log_in()
        page = open_page("/sessions")
        page.get_by_test_id("session-row").first.click()
        expect(page.get_by_test_id("live")).to_have_text("live")
        page.get_by_test_id("compare-with").focus()
        client.begin_data()
        client.ask("Subject: x\r\n\r\nx\r\n.")
        expect(page.get_by_test_id("open-message")).to_be_visible()
        expect(page.get_by_test_id("compare-with")).to_be_focused()


def test_an_end_while_a_session_opens(api: Api, open_page: Open) -> None:
    """An answer from before the end is followed by one from after it."""
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        page = open_page("/sessions")
        row = page.get_by_test_id("session-row")
        expect(page.get_by_test_id("live")).to_have_text("live")
        held: list[Route] = []
        page.route("**/page/sessions/*", lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright marks it
        with page.expect_request("**/page/sessions/*"):
            row.click()
        answer = held[0].fetch()
        client.ask("QUIT")
        client.read_to_end()
    expect(row).to_contain_text("no message")
    held[0].fulfill(response=answer)
    expect(page.get_by_test_id("outcome")).to_have_text("no message")


def test_an_end_does_not_stop_what_the_reader_opens(api: Api, open_page: Open) -> None:
    """A session opens although the one before it ends meanwhile."""
    ended = api.fail(b"EHLO me", b"NOOP")
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        page = open_page("/sessions")
        rows = page.get_by_test_id("session-row")
        rows.first.click()
        expect(page.get_by_test_id("outcome")).to_have_text("still open")
        expect(page.get_by_test_id("live")).to_have_text("live")
        held: list[Route] = []
        page.route(f"**/page/sessions/{ended.id}*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        with page.expect_request(f"**/page/sessions/{ended.id}*"):
            rows.last.click()
        client.ask("QUIT")
        client.read_to_end()
    expect(rows.first).to_contain_text("no message")
    held[0].continue_()
    expect(page.get_by_test_id("turns")).to_contain_text("NOOP")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_comparison_goes_on_with_its_sessions(
    api: Api, open_page: Open, *, is_first: bool
) -> None:
    """When one of the two ends, its last lines are shown without a reload."""
    ended = api.fail(b"EHLO me", b"NOOP")
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        client.ask("EHLO me")
        still_open = api.smtp.sessions[-1]
        pair = (still_open.id, ended.id) if is_first else (ended.id, still_open.id)
        page = open_page("/sessions/{}?with={}".format(*pair))
        comparison = page.get_by_test_id("comparison")
        expect(comparison).to_contain_text("NOOP")
        expect(page.get_by_test_id("live")).to_have_text("live")
        client.ask("RSET")
        client.ask("QUIT")
        client.read_to_end()
    expect(comparison).to_contain_text("RSET")
    assert page.url.endswith("/sessions/{}?with={}".format(*pair))


def test_a_session_can_be_saved(api: Api) -> None:
    """A session is downloaded as HTML, text and JSON Lines."""
    session = api.fail(b"EHLO me")
    for form in ("html", "txt", "jsonl"):
        response = api.get(f"/sessions/{session.id}/session.{form}")
        assert b"EHLO me" in response.body
        assert response.headers["content-disposition"].startswith("attachment")
    assert api.get(f"/sessions/{session.id}/session.exe").status == 404
    assert api.get("/sessions/nothing").status == 404
