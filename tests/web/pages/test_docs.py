"""docs/page.md: its sample works, and it names every `data-testid`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from page_mail import CODE, make_message, send
from pages import ROOT, read_page, samples_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page

PAGE = "docs/page.md"
TEMPLATES = ROOT / "fakesmtp" / "web" / "templates"


def test_the_sample_reads_the_code(api: Api, open_page: Callable[..., Page]) -> None:
    """The sample finds the code of the newest message."""
    send(api.smtp, make_message())
    (sample,) = samples_of(PAGE, "python")
    names: dict[str, object] = {"page": open_page()}
    exec(sample.code.replace("http://localhost:8025", api.http.url), names)  # noqa: S102 - our own page
    assert names["code"] == CODE


def test_test_ids_are_documented() -> None:
    """Each `data-testid` of the templates is in the table."""
    templates = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    used = set(re.findall(r'(?:data-testid=|testid=)"([a-z-]+)"', templates))
    used |= set(re.findall(r'm\.copied\([^)]*, "([a-z-]+)"', templates))
    used |= set(re.findall(r'm\.empty\(.*, "([a-z-]+)"\)', templates))
    table = read_page(PAGE).split("## Names for tests", 1)[1]
    documented = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", table))
    assert used - documented - {"empty"} == set()


def test_dynamic_test_ids_are_documented() -> None:
    """Each tab and kind that a template makes a name of is in the table."""
    table = read_page(PAGE).split("## Names for tests", 1)[1]
    for name in ("nav-faults", "tab-findings", "kind-open", "type-ad", "width-phone", "try-ad"):
        assert f"`{name}`" in table
