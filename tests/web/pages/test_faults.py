"""Planned faults in a browser."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from held_requests import holding
from page_mail import make_message, send
from playwright.sync_api import expect

from fakesmtp.faults.conditions import CONDITIONS
from fakesmtp.faults.kinds import KINDS, OPTIONS
from fakesmtp.faults.schedule import SCHEDULE
from fakesmtp.faults.stages import Stage
from fakesmtp.web.pages.fault_form import ENTRIES, FaultForm
from fakesmtp.web.paths import OWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page, Route

    Open = Callable[..., Page]


def test_a_rule_is_made_applied_switched_and_removed(api: Api, open_page: Open) -> None:
    """The form makes a rule, its count goes up without a reload, and it can be switched off."""
    page = open_page("/faults")
    expect(page.get_by_test_id("no-rules")).to_be_visible()
    page.get_by_test_id("where").select_option("rcpt")
    page.get_by_test_id("option-to").fill("*@example.com")
    page.get_by_test_id("option-reply").fill("550 5.1.1 User unknown")
    expect(page.get_by_test_id("sentence")).to_contain_text(
        "At RCPT, to *@example.com, always: the server replies '550 5.1.1 User unknown'"
    )
    page.get_by_test_id("add-rule").dblclick()
    expect(page.get_by_test_id("rule")).to_contain_text("At RCPT")
    assert len(api.smtp.faults.rules) == 1
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(api.smtp, make_message())
    expect(page.get_by_test_id("applied")).to_contain_text("2 times")
    page.get_by_test_id("switch").click()
    expect(page.get_by_test_id("switch")).to_have_attribute("aria-checked", "false")
    send(api.smtp, make_message())
    assert len(api.smtp.messages) == 1
    page.get_by_test_id("switch").click()
    expect(page.get_by_test_id("switch")).to_have_attribute("aria-checked", "true")
    assert len(api.smtp.faults.rules) == 1
    page.get_by_test_id("remove").click()
    expect(page.get_by_test_id("no-rules")).to_be_visible()


def test_all_rules_are_removed(api: Api, open_page: Open) -> None:
    """Also if the list of rules changes while the reader is asked."""
    api.smtp.faults.fail("mail")
    api.smtp.faults.fail("rcpt")
    page = open_page("/faults")
    page.get_by_test_id("clear-rules").click()
    api.ask("POST", f"{OWN}/faults", {"where": "data", "reply": "451 no"})
    expect(page.get_by_test_id("rule")).to_have_count(3)
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("no-rules")).to_be_visible()
    assert len(api.smtp.faults.rules) == 0


def test_a_rule_that_was_added_out_of_view_is_noticed(open_page: Open) -> None:
    """A phone shows the button alone, far below the list of rules."""
    page = open_page("/faults", viewport={"width": 390, "height": 844}, locale="ko")
    page.get_by_test_id("option-reply").fill("421 4.3.2 Closed")
    page.get_by_test_id("add-rule").click()
    expect(page.get_by_test_id("rule")).not_to_be_in_viewport()
    expect(page.get_by_test_id("toast")).to_have_text("규칙을 적용했습니다")


def test_a_wrong_value_is_explained(open_page: Open) -> None:
    """The form says what is wrong and what would be right, and adds nothing."""
    page = open_page("/faults")
    page.get_by_test_id("option-reply").fill("55")
    expect(page.get_by_test_id("problem")).to_contain_text("must be a code and an ASCII text")
    page.get_by_test_id("add-rule").click()
    expect(page.get_by_test_id("toast")).to_contain_text("must be a code and an ASCII text")
    expect(page.get_by_test_id("no-rules")).to_be_visible()


def test_a_wrong_value_is_explained_in_korean(open_page: Open) -> None:
    """Beside the form and in a notice."""
    page = open_page("/faults", locale="ko-KR")
    page.get_by_test_id("option-reply").fill("55")
    explained = "reply: '451 4.7.1 Try later'처럼 코드와 ASCII 텍스트여야 합니다(입력값: '55')."
    expect(page.get_by_test_id("problem")).to_have_text(explained)
    page.get_by_test_id("add-rule").click()
    expect(page.get_by_test_id("toast")).to_have_text(explained)


def test_the_form_offers_only_what_is_possible(open_page: Open) -> None:
    """Kinds and conditions change with the stage."""
    page = open_page("/faults?where=rcpt")
    expect(page.get_by_test_id("option-to")).to_be_visible()
    page.get_by_test_id("where").select_option("tls-handshake")
    expect(page.get_by_test_id("option-to")).to_have_count(0)
    page.get_by_test_id("what").select_option("bad-certificate")
    page.get_by_test_id("option-certificate").select_option("expired")
    expect(page.get_by_test_id("sentence")).to_contain_text("bad certificate: expired")


def test_what_is_typed_stays(open_page: Open) -> None:
    """A form that comes late has the text that was entered meanwhile."""
    page = open_page("/faults?where=rcpt")
    held: list[Route] = []
    page.route("**/form?*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/form?*"):
        page.get_by_test_id("where").select_option("mail")
    page.get_by_test_id("option-reply").fill("451 4.3.0 Later")
    with page.expect_response(
        lambda response: "Later" in response.url and "/form?" in response.url
    ):
        held[0].continue_()
    expect(page.get_by_test_id("option-to")).to_have_count(0)
    expect(page.get_by_test_id("option-reply")).to_have_value("451 4.3.0 Later")


def test_the_focus_stays_in_a_list_of_choices(open_page: Open) -> None:
    """A form that comes late leaves the reader in the field that was reached meanwhile."""
    page = open_page("/faults?where=rcpt")
    with holding(page, "**/form?*") as held:
        page.get_by_test_id("where").select_option("mail")
    page.get_by_test_id("option-close").focus()
    held[0].continue_()
    expect(page.get_by_test_id("option-to")).to_have_count(0)
    expect(page.get_by_test_id("option-close")).to_be_focused()


def test_every_option_has_an_entry() -> None:
    """The form knows how each option of the fault tables is entered."""
    assert ENTRIES.keys() == CONDITIONS.keys() | SCHEDULE.keys() | OPTIONS.keys()


@pytest.mark.parametrize("stage", Stage)
def test_every_kind_at_every_stage_makes_a_rule(stage: Stage) -> None:
    """The form as it is first shown makes a rule, except where a choice is required."""
    for kind in FaultForm({"where": str(stage)}).kinds:
        must_close = {"close": "true"} if stage in KINDS[kind.name].must_close else {}
        form = FaultForm({"where": str(stage), "what": kind.name, **must_close})
        assert form.problem == ""
        for each in (*form.conditions, *form.schedule):
            value = each.entry.choices[0] if each.entry.choices else each.entry.example
            given = {each.name: value}
            if each.name in {"probability", "seed"}:
                given = {"probability": "0.5", "seed": "7"}
            assert FaultForm({**form.given, **given}).problem == ""
