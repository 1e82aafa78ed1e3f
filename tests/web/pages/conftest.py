"""A browser for tests of the page: Debian's Chromium."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from http_api import Api

#: Maximum time for a change on the page (milliseconds).
PATIENCE = 20_000


# Not for the whole session: Playwright keeps an event loop running in this thread, and a later test
# of the same process could not call `asyncio.run`.
@pytest.fixture(scope="module")
def browser(require_tool: Callable[[str], str]) -> Iterator[Browser]:
    """Start Chromium without a window."""
    program = require_tool("chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser, api: Api) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a path of the server in a new window.

    The test fails if the page had an error of its script.
    """
    contexts, errors = [], []

    def open_path(path: str = "/", **options: object) -> Page:
        context = browser.new_context(base_url=api.http.url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright marks it
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the script of axe-core, from the folder of Node modules."""
    folders = [*os.environ.get("NODE_PATH", "").split(os.pathsep), ".cache/node/node_modules"]
    found = (Path(folder) / "axe-core" / "axe.min.js" for folder in folders if folder)
    path = next((path for path in found if path.exists()), None)
    if path is None:
        missing = "axe-core is not installed; .ci/run installs it"
        if os.environ.get("FAKESMTP_TEST_ALL") == "1":
            pytest.fail(f"{missing} (FAKESMTP_TEST_ALL=1 does not allow skipping)")
        pytest.skip(missing)
    return path.read_text(encoding="utf-8")
