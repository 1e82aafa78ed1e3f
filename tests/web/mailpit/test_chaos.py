"""Mailpit's chaos, which plans faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient

if TYPE_CHECKING:
    from http_api import Api

CHAOS = "/api/v1/chaos"
OFF = {
    "Sender": {"ErrorCode": 451, "Probability": 0},
    "Recipient": {"ErrorCode": 451, "Probability": 0},
    "Authentication": {"ErrorCode": 535, "Probability": 0},
}


def test_chaos_is_off(api: Api) -> None:
    """Without triggers no command fails, and each trigger has its default code."""
    assert api.get(CHAOS).json == OFF
    assert api.get("/api/v1/webui").json["ChaosEnabled"] is True


def test_triggers_are_planned_faults(api: Api) -> None:
    """Triggers fail commands with Mailpit's texts, and are listed as faults by name."""
    triggers = {
        "sender": {"ErrorCode": 452, "Probability": 100},
        "Recipient": {"errorcode": 550, "probability": 100},
    }
    answer = api.ask("PUT", CHAOS, triggers)
    assert answer.status == 200
    assert (
        answer.json
        == api.get(CHAOS).json
        == OFF
        | {
            "Sender": {"ErrorCode": 452, "Probability": 100},
            "Recipient": {"ErrorCode": 550, "Probability": 100},
        }
    )
    with RawClient(api.smtp.port(587)) as client:
        client.log_in()
        assert client.ask("MAIL FROM:<a@example.com>") == "452 Chaos sender error"
    names = [rule.name for rule in api.smtp.faults.rules]
    assert names == ["chaos-sender", "chaos-recipient"]


def test_authentication_fails(api: Api) -> None:
    """A trigger of authentication refuses correct credentials."""
    api.ask("PUT", CHAOS, {"Authentication": {"Probability": 100}})
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        client.ask("EHLO here")
        assert client.ask("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=") == "535 Chaos authentication error"


def test_a_probability_has_a_seed(api: Api) -> None:
    """A trigger applies with its probability, at random, with a fixed seed."""
    runs = []
    for _ in range(2):
        api.ask("PUT", CHAOS, {})
        api.ask("PUT", CHAOS, {"Sender": {"Probability": 50}})
        with RawClient(api.smtp.port(587)) as client:
            client.log_in()
            replies = []
            for _ in range(20):
                replies.append(client.ask("MAIL FROM:<a@example.com>")[:3])
                client.ask("RSET")
        runs.append(replies)
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"250", "451"}


def test_other_faults_stay(api: Api) -> None:
    """Chaos changes its own rules only; an omitted trigger is off again."""
    api.smtp.fail("data")
    api.ask("PUT", CHAOS, {"Sender": {"Probability": 7}})
    assert api.get(CHAOS).json["Sender"] == {"ErrorCode": 451, "Probability": 7}
    assert api.ask("PUT", CHAOS, {}).json == OFF
    assert [rule.where for rule in api.smtp.faults.rules] == ["data"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"Sender": {"ErrorCode": 250}}, b"sender: ErrorCode must be 400 to 599, not 250"),
        ({"Sender": {"Probability": 101}}, b"Probability: Input should be less than or equal to"),
        ({"Recipient": {"ErrorCode": "x"}}, b"ErrorCode: Input should be a valid integer"),
        (b"", b"the body is empty"),
    ],
)
def test_wrong_triggers(api: Api, body: object, why: bytes) -> None:
    """A wrong trigger is an error that says what would be right, and changes nothing."""
    api.ask("PUT", CHAOS, {"Sender": {"Probability": 7}})
    answer = api.ask("PUT", CHAOS, body)

    assert answer.status == 400
    assert why in answer.body
    assert api.get(CHAOS).json["Sender"]["Probability"] == 7
