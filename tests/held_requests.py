"""Requests of a browser that do not get their answer before a test wants it, or never."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page, Route


def hold(page: Page, address: str) -> list[Route]:
    """Hold the next request of this address; return the list that will have it."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright marks it
    return held


@contextmanager
def holding(page: Page, address: str) -> Iterator[list[Route]]:
    """Hold the request of this address that a `with` block causes; give the list that has it."""
    held = hold(page, address)
    with page.expect_request(address):
        yield held


def open_quiet(open_page: Callable[..., Page], path: str) -> Page:
    """Open a page that no event renews."""
    page = open_page("about:blank")
    page.route("**/events?*", lambda route: route.abort())
    page.goto(path)
    expect(page.get_by_test_id("live")).to_have_text("not connected")
    return page
