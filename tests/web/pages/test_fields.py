"""Browsers neither suggest values of fields nor fill them in again after a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from page_mail import make_message, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api
    from playwright.sync_api import Page

#: Fields with text, and the choices of forms whose other parts depend on them.
FIELDS = """input:not([type=radio], [type=checkbox], [type=hidden]),
:is(#rule, #settings-of-clients form) :is(input, select)"""
#: Whether a field or its form has `autocomplete="off"`, and the HTML of the field.
LOOK = """fields => fields.map((each) => {
    const value = each.getAttribute("autocomplete") ?? each.form?.autocomplete;
    return [value === "off", each.outerHTML];
})"""
#: Paths, and how many fields at least are there.
PATHS = {"/": 2, "/view/latest": 3, "/sessions": 2, "/faults?where=rcpt": 10, "/connect": 7}


@pytest.mark.parametrize("path", PATHS)
def test_fields_are_not_completed(api: Api, open_page: Callable[..., Page], path: str) -> None:
    """A suggestion would cover the search help; a restored choice would not fit what is shown."""
    send(api.smtp, make_message())
    found = open_page(path).locator(FIELDS).evaluate_all(LOOK)
    assert len(found) >= PATHS[path]
    assert [html for is_off, html in found if not is_off] == []
