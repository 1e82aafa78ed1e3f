"""A session that is still open, and the page that follows it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from http_api import Api
    from playwright.sync_api import Page


@contextmanager
def open_session(api: Api, open_page: Callable[..., Page]) -> Iterator[tuple[RawClient, Page]]:
    """Give a client that has logged in, and the live page of its session."""
    with RawClient(api.smtp.port(587)) as client:
        client.log_in()
        page = open_page("/sessions")
        page.get_by_test_id("session-row").click()
        expect(page.get_by_test_id("outcome")).to_have_text("still open")
        expect(page.get_by_test_id("live")).to_have_text("live")
        yield client, page
