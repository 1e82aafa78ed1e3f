"""Fault rules over our API, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

if TYPE_CHECKING:
    from http_api import Api

FAULTS = "/api/fakesmtp/v1/faults"
LATER = {"where": "noop", "reply": "451 4.3.0 Try later", "times": 1}
NEVER = {"where": "rset", "reply": "421 4.3.2 Going down"}


def test_a_rule_is_added_changed_and_removed(api: Api) -> None:
    """A rule has an id, which it keeps when it is changed; other rules do not change."""
    other = api.ask("POST", FAULTS, NEVER).json
    added = api.ask("POST", FAULTS, LATER)
    assert added.status == 201
    assert added.json["means"].startswith("At NOOP, once: ")
    path = f"{FAULTS}/{added.json['id']}"
    assert added.headers["location"] == path
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        assert client.ask("NOOP") == "451 4.3.0 Try later"
        assert api.get(path).json["applied"] == 1
        changed = api.ask("PUT", path, LATER | {"reply": "450 4.3.0 Busy"}).json
        assert (changed["id"], changed["applied"]) == (added.json["id"], 0)
        assert client.ask("NOOP") == "450 4.3.0 Busy"
    assert [each["id"] for each in api.get(FAULTS).json["faults"]] == [
        other["id"],
        changed["id"],
    ]
    assert api.ask("DELETE", path).status == 204
    assert api.ask("DELETE", path).status == 404
    assert api.get(FAULTS).json["faults"] == [other]


def test_rules_keep_their_ids(api: Api) -> None:
    """A rule that a PUT of all rules contains again keeps its id; no id is used twice."""
    first = api.ask("POST", FAULTS, LATER).json["id"]
    put = api.ask("PUT", FAULTS, {"fault": [NEVER, LATER]}).json["faults"]
    assert put[1]["id"] == first
    api.ask("DELETE", FAULTS)
    assert api.ask("POST", FAULTS, LATER).json["id"] > max(each["id"] for each in put)


def test_rules_of_an_account(api: Api) -> None:
    """With `app_key` lists and changes apply only to the rules of that account."""
    api.ask("POST", FAULTS, NEVER)
    mine = api.ask("POST", f"{FAULTS}?app_key=mine", {"where": "rcpt", "reply": "451 no"}).json
    assert mine["fault"]["app_key"] == "mine"
    assert api.get(f"{FAULTS}?app_key=mine").json["faults"] == [mine]
    api.ask("DELETE", f"{FAULTS}?app_key=mine")
    assert [rule.where for rule in api.smtp.faults.rules] == ["rset"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_wrong_rules_change_nothing(api: Api, method: str) -> None:
    """An invalid rule is refused with a sentence, and the old rule remains."""
    added = api.ask("POST", FAULTS, LATER).json
    path = FAULTS if method == "POST" else f"{FAULTS}/{added['id']}"
    answer = api.ask(method, path, {"where": "mial"})
    assert answer.status == 422
    assert "where must be a stage, not 'mial'" in answer.json["detail"]
    assert api.ask(method, path, b"{").status == 400
    assert api.get(FAULTS).json["faults"] == [added]
