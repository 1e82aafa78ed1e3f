"""Settings of clients and test messages, in a browser and with real clients."""

from __future__ import annotations

import os
from html import unescape
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from held_requests import hold
from page_mail import make_message, send
from playwright.sync_api import expect
from web.pages.client_programs import PROGRAMS, Program, is_ready, run

from fakesmtp.findings.finding import Severity
from fakesmtp.web.pages.clients import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from http_api import Api
    from playwright.sync_api import Page

    Open = Callable[..., Page]


@pytest.mark.parametrize("mail_type", ["normal", "auth", "ad"])
def test_a_test_message_is_sent(api: Api, open_page: Open, mail_type: str) -> None:
    """A button sends a message of each type over SMTP, and links to it and its session."""
    page = open_page("/connect")
    page.get_by_test_id(f"try-{mail_type}").click()
    expect(page.get_by_test_id("tried-ok")).to_be_visible()
    (message,) = api.smtp.messages
    assert message.mail_type == mail_type
    assert message.tls is not None
    assert [each for each in message.findings if each.severity is Severity.ERROR] == []
    page.get_by_role("link", name="Open the session").click()
    expect(page.get_by_test_id("turns")).to_be_visible()


def test_a_planned_fault_refuses_the_test_message(api: Api, open_page: Open) -> None:
    """The page shows the reply that refused the test message."""
    api.smtp.fail("rcpt", reply="550 5.1.1 User unknown")
    page = open_page("/connect")
    page.get_by_test_id("try-auth").click()
    expect(page.get_by_test_id("tried-failed")).to_contain_text("550 5.1.1 User unknown")


def test_settings_are_filled_in(api: Api, open_page: Open) -> None:
    """Settings have the running port, the CA and the account; the SecretKey after a click."""
    page = open_page("/connect")
    page.get_by_test_id("client-nodemailer").click()
    snippet = page.get_by_test_id("snippet")
    expect(snippet).to_contain_text(f"port: {api.smtp.port(587)}")
    expect(snippet).to_contain_text(f"{api.smtp.account.app_key}#auth")
    expect(snippet).to_contain_text(str(api.smtp.ca_file))
    expect(snippet).not_to_contain_text(api.smtp.account.secret_key)
    page.get_by_test_id("show-secret").click()
    expect(snippet).to_contain_text(api.smtp.account.secret_key)
    expect(page.get_by_test_id("trust")).to_contain_text("NODE_EXTRA_CA_CERTS")


#: What a reader chooses, and what the settings show then.
CHOICES = {"client-rails": "config.action_mailer", "for-ad": "#ad", "at-465": "tls: true"}


@pytest.mark.parametrize("order", list(permutations(CHOICES)), ids="-".join)
def test_choices_before_an_answer(open_page: Open, order: tuple[str, ...]) -> None:
    """All of them count, although a later one stops the request of an earlier one."""
    page = open_page("/connect?client=django&type=normal&port=587")
    for choice in order[:-1]:
        hold(page, "**/page/connect/client?*")
        with page.expect_request("**/page/connect/client?*"):
            page.locator(f"label:has(#{choice}), #{choice}").first.click()
    page.locator(f"label:has(#{order[-1]}), #{order[-1]}").first.click()
    for text in CHOICES.values():
        expect(page.get_by_test_id("snippet")).to_contain_text(text)


def test_the_focus_stays_on_a_test_message(open_page: Open) -> None:
    """The same type can be sent again with the same key."""
    page = open_page("/connect")
    button = page.get_by_test_id("try-auth")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("tried-ok")).to_be_visible()
    expect(button).to_be_focused()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("port", [587, 465])
def test_every_client_has_settings(api: Api, client: str, port: int) -> None:
    """Each client has settings for STARTTLS and for implicit TLS."""
    page = api.get(f"/connect?client={client}&port={port}&type=ad").body.decode()
    text = unescape(page.split('data-testid="snippet"')[1].split("</pre>")[0])
    assert str(api.smtp.port(port)) in text
    assert "AppKey#ad" in text or "AppKey%23ad" in text


@pytest.mark.parametrize("client", PROGRAMS)
@pytest.mark.parametrize("port", [587, 465])
def test_the_settings_work(
    api: Api, open_page: Open, ready_program: Program, client: str, port: int, tmp_path: Path
) -> None:
    """What is copied from the page makes a real client send a message, over verified TLS."""
    page = open_page(f"/connect?client={client}&port={port}")
    page.get_by_test_id("show-secret").click()
    expect(page.get_by_test_id("snippet")).to_contain_text(api.smtp.account.secret_key)
    settings = page.get_by_test_id("snippet").text_content() or ""
    trust = page.get_by_test_id("trust")
    shown = (trust.text_content() or "") if trust.count() else ""
    assert run(ready_program, settings, shown, tmp_path) == ""
    message = api.smtp.wait_for(mail_type="auth")
    assert message.port == port
    assert message.tls is not None


@pytest.fixture
def ready_program(client: str, require_tool: Callable[[str], str]) -> Program:
    """Return the program of a client, or skip the test where it is not installed."""
    program = PROGRAMS[client]
    require_tool(program.tool)
    if not is_ready(program):
        missing = f"{client} lacks a library ({program.probe}); .ci/run installs it"
        if os.environ.get("FAKESMTP_TEST_ALL") == "1":
            pytest.fail(f"{missing} (FAKESMTP_TEST_ALL=1 does not allow skipping)")
        pytest.skip(missing)
    return program


def test_the_ca_can_be_downloaded(api: Api) -> None:
    """The certificate of the CA is a download, and the one that clients trust."""
    response = api.get("/ca.pem")
    assert response.body == api.smtp.ca_file.read_bytes()
    send(api.smtp, make_message())
