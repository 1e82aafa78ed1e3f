"""Requests of a browser that do not get their answer before a test wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


def hold(page: Page, address: str) -> list[Route]:
    """Hold the next request of this address; return the list that will have it."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright marks it
    return held
