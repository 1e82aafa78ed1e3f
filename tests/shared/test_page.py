"""The page of several servers, each of whose requests may reach another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api

FAULTS = "/page/faults"


def test_rules_on_the_page_of_any_server(start: Callable[..., Api]) -> None:
    """A page of one server can change rules at another; all pages show the same rules."""
    one, other = start(), start()
    found = re.search(rb'"X-Page-Token": "([\w-]+)"', one.get("/faults").body)
    assert found is not None
    headers = {
        "X-Page-Token": found[1].decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    rule = b"where=noop&what=reply&reply=451+4.0.0+later"
    assert other.ask("POST", FAULTS, rule, **headers).status == 200
    (number,) = (each["id"] for each in one.get("/api/fakesmtp/v1/faults").json["faults"])
    for api in (one, other):
        assert "451 4.0.0 later" in api.get("/faults").body.decode()
    switch = f"{FAULTS}/{number}/switch"
    assert one.ask("POST", f"{switch}?on=false", **headers).status == 200
    assert b'aria-checked="false"' in other.get(FAULTS).body
    assert other.ask("POST", f"{switch}?on=true", **headers).status == 200
    assert b'aria-checked="true"' in one.get(FAULTS).body
    assert one.ask("DELETE", f"{FAULTS}/{number}", **headers).status == 200
    assert other.ask("DELETE", f"{FAULTS}/{number}", **headers).status == 404
