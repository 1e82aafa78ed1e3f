"""Accounts that one server issues, at other servers with the same store."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING, Any

import postgres
import pytest
from raw_client import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api

    Start = Callable[..., Api]

OWN = "/api/fakesmtp/v1"
ACCOUNTS = f"{OWN}/accounts"
MESSAGES = f"{OWN}/messages"


def issue(api: Api, **wanted: object) -> tuple[str, str]:
    """Issue an account; return AppKey and SecretKey."""
    answer = api.ask("POST", ACCOUNTS, wanted)
    assert answer.status == 201, answer.body
    return answer.json["app_key"], answer.json["secret_key"]


def send(api: Api, keys: tuple[str, str], method: str = "PLAIN") -> None:
    """Log in with a mechanism, and send a message."""
    with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as client:
        client.ehlo()
        client.user, client.password = keys
        client.auth(method, getattr(client, f"auth_{method.lower()}"))
        client.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nx")


def refuse(api: Api, keys: tuple[str, str]) -> tuple[int, bytes]:
    """Log in with keys that are refused; return the reply."""
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        send(api, keys)
    return refused.value.smtp_code, refused.value.smtp_error


def notes(api: Api) -> list[str]:
    """Return the notes of the newest session of a server."""
    return [event.text for event in api.smtp.sessions[-1].events if event.kind == "note"]


def keys_of(api: Api) -> list[str]:
    """Return the AppKeys of the issued accounts that a server lists."""
    return [each["app_key"] for each in api.get(ACCOUNTS).json["accounts"]]


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in the schema of a test."""
    import psycopg  # noqa: PLC0415 - only where PostgreSQL is

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_account_logs_in_everywhere(start: Start, method: str) -> None:
    """An account can log in to the other server as soon as it is issued; both list it."""
    one, other = start(), start()
    keys = issue(one)
    send(other, keys, method)
    send(one, keys, method)
    assert keys_of(one) == keys_of(other) == [keys[0]]
    assert other.get(f"{OWN}/info").json["issued_accounts"] == 1
    for api in (one, other):
        assert api.get(f"{MESSAGES}?app_key={keys[0]}").json["count"] == 2


def test_wrong_keys_are_refused_with_the_reason(start: Start) -> None:
    """A wrong SecretKey and an unknown AppKey of the same form are refused as everywhere."""
    one, other = start(), start()
    app_key, secret_key = issue(one)
    reply = 535, b"Authentication Failed"
    assert refuse(other, (app_key, secret_key[:-1])) == reply
    other.smtp.wait_for_session if False else None
    assert refuse(other, (app_key[::-1], secret_key)) == reply
    assert refuse(other, ("unknown", secret_key)) == reply
