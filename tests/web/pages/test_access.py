"""WCAG 2.2 AA: axe-core finds nothing on any screen, in both themes and languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from page_mail import make_message, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page

    Open = Callable[..., Page]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES_OF_COLOURS = ["color-contrast", "link-in-text-block"]
TABS = ("html", "text", "headers", "source", "attachments", "session", "findings")
#: Paths, and what is opened there.
SCREENS = (
    ("/", ""),
    ("/?q=nothing", ""),
    ("/?q=is:wrong", ""),
    *((f"/view/latest?tab={tab}", "") for tab in TABS),
    ("/sessions", ""),
    ("/sessions/{first}", ""),
    ("/sessions/{first}?with={second}", ""),
    ("/faults?where=rcpt", ""),
    ("/connect", "try-auth"),
    ("/view/nothing", ""),
    ("/", "open-settings"),
    ("/", "search-help-button"),
    ("/view/latest", "delete"),
)


def make_content(api: Api) -> dict[str, str]:
    """Make messages, sessions and a rule; return ids of sessions."""
    send(api.smtp, make_message("(광고) 세일", files=(("a.pdf", b"x"),)), "ad")
    api.smtp.fail("noop")
    first = api.fail(b"EHLO me", b"MAIL FROM:<a@example.com>")
    second = api.fail(b"EHLO me", b"NOOP")
    return {"first": first.id, "second": second.id}


@pytest.mark.parametrize("language", ["en-US", "ko-KR"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(api: Api, open_page: Open, axe: str, language: str, width: int) -> None:
    """Each screen in both themes, at the width of a phone and of a desktop."""
    ids = make_content(api)
    size = {"width": width, "height": 900}
    # axe-core is added to the page, which the policy of the page does not allow.
    page = open_page(viewport=size, locale=language, bypass_csp=True)
    found = []
    for path, opened in SCREENS:
        page.goto(path.format(**ids))
        if opened:
            page.get_by_test_id(opened).click()
        page.evaluate(axe)
        found += [(path, opened, *each) for each in look(page)]
    assert found == []


def look(page: Page) -> list[tuple[str, str, str]]:
    """Return what axe-core finds: theme, rule, and the HTML of an element.

    Themes differ in colours only, so the dark one is checked by the rules of colours.
    """
    found = []
    for theme, rules in (("light", RULES), ("dark", RULES_OF_COLOURS)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        options = {"runOnly": rules, "resultTypes": ["violations"]}
        violations = page.evaluate("options => axe.run(document, options)", options)["violations"]
        found += [(theme, each["id"], each["nodes"][0]["html"]) for each in violations]
    return found
