"""Sending samples to a server over SMTP."""

from __future__ import annotations

from smtplib import SMTP
from typing import TYPE_CHECKING

from raw_client import PATIENCE
from scenarios import KEYS
from web.mailpit.samples import raw_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from http_api import Api

RECIPIENTS = {
    "plain": ["first@example.com", "second@example.com", "kim@example.com", "hidden@example.com"],
    "korean": ["kim@example.com"],
    "rich": ["buyer@example.com"],
    "only-html": ["buyer@example.com"],
    "bare": ["hidden@example.com"],
    "tagged": ["buyer@example.com"],
}


def send(port: int, raw: bytes, recipients: Sequence[str], user: str = KEYS[0]) -> None:
    """Send one message; return when it is stored."""
    with SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        if user:
            client.login(user, KEYS[1])
        client.sendmail("bounce@example.com", recipients, raw)


def deliver(api: Api, *names: str, user: str = KEYS[0]) -> list[str]:
    """Send samples, one after the other; return the ids of the messages."""
    for name in names:
        send(api.smtp.port(587), raw_of(name), RECIPIENTS[name], user)
    newest = api.get(f"/api/v1/messages?limit={len(names)}").json["messages"]
    return [message["ID"] for message in reversed(newest)]
