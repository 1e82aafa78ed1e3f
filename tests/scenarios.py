"""The recorded scenarios of `tests/golden`, and what is needed to replay them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from fakesmtp.protocol.policy import Policy

GOLDEN = Path(__file__).parent / "golden"
KEYS = ("AppKey", "SecretKey")

#: All switches that make the server as unsafe as the recorded software.
AS_UNSAFE_AS_RECORDED = Policy(
    unsafe_lone_lf_ends_message=True,
    unsafe_commands_behind_starttls=True,
    unsafe_user_name_in_any_case=True,
    unsafe_postmaster_without_auth=True,
    unsafe_echo_of_cr=True,
)

#: Scenarios that are not marked unsafe but need an unsafe switch: the message ends with LF.CRLF,
#: and by default only CRLF.CRLF ends a message.
DECIDED_AGAINST = {"line-ending/data-lf-dot-lf-is-not-the-end"}


@dataclass(frozen=True)
class Step:
    """One write of the client and the server's reply to it."""

    send: bytes
    expect: list[str]
    closed: bool
    starts_tls: bool


@dataclass(frozen=True)
class Scenario:
    """One recorded connection."""

    name: str
    steps: list[Step]
    implicit_tls: bool
    unsafe: bool
    delivered: list[tuple[str, tuple[str, ...], bytes]] | None

    def __str__(self) -> str:
        return self.name


def _step(data: dict, ip: str) -> Step:
    return Step(
        send=data["send"].encode("latin-1"),
        expect=[line.replace("{IP}", ip) for line in data["expect"] or []],
        closed=data["closed"],
        starts_tls=data.get("starttls", False),
    )


def _delivered(data: dict) -> list[tuple[str, tuple[str, ...], bytes]] | None:
    if "delivered" not in data:
        return None
    return [
        (message["mail_from"], tuple(message["rcpt_tos"]), message["body_latin1"].encode("latin-1"))
        for message in data["delivered"]
    ]


def load(ip: str = "127.0.0.1") -> list[Scenario]:
    """Return all scenarios, with the client's address inserted."""
    lines = (GOLDEN / "golden-3.6.2.jsonl").read_text(encoding="utf-8").strip().split("\n")
    return [read_scenario(data, ip) for data in map(json.loads, lines)]


def read_scenario(data: dict, ip: str = "127.0.0.1") -> Scenario:
    """Return the scenario of a line of the file, or of a converted recording."""
    return Scenario(
        name=data["name"],
        steps=[_step(step, ip) for step in data["steps"]],
        implicit_tls=data.get("implicit_tls", False),
        unsafe=data.get("unsafe", False),
        delivered=_delivered(data),
    )
