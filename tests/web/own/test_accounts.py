"""Accounts that the API issues: each test has its own inbox on a shared server."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from http_api import serving
from raw_client import PATIENCE
from waiting_requests import WAITS, live_accounts, wait_until

from fakesmtp.server import engine_of
from fakesmtp.web import accounts
from fakesmtp.web.accounts import IssuedAccounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from http_api import Api
    from waiting_requests import Wait

OWN = "/api/fakesmtp/v1"
MESSAGES = f"{OWN}/messages"
ACCOUNTS = f"{OWN}/accounts"


def issue(api: Api, **wanted: float) -> tuple[str, str]:
    """Issue an account; return AppKey and SecretKey."""
    answer = api.ask("POST", ACCOUNTS, wanted or None)
    assert answer.status == 201
    return answer.json["app_key"], answer.json["secret_key"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time of the accounts, as a list of one number."""
    seconds = [1_000.0]
    monkeypatch.setattr(accounts, "now", lambda: seconds[0])
    return seconds


def test_each_account_has_an_inbox(api: Api, send: Callable[..., str]) -> None:
    """Lists and deletions with `app_key` apply only to the messages of one account."""
    one, other = issue(api), issue(api)
    first, second = send("one", keys=one), send("two", keys=other)
    assert [m["id"] for m in api.get(f"{MESSAGES}?app_key={one[0]}").json["messages"]] == [first]
    assert api.get(f"{MESSAGES}/latest?app_key={one[0]}").json["id"] == first
    assert api.get(f"{OWN}/sessions?app_key={other[0]}").json["sessions"][0]["app_key"] == other[0]
    assert api.ask("DELETE", f"{MESSAGES}?app_key={one[0]}").json == {"count": 1}
    assert [m["id"] for m in api.get(MESSAGES).json["messages"]] == [second]


def test_an_account_ends_with_its_mail(api: Api, send: Callable[..., str]) -> None:
    """After DELETE an account cannot log in; its messages and faults are removed, others remain."""
    keys = issue(api)
    kept = send("kept")
    send("gone", keys=keys)
    api.ask("POST", f"{OWN}/faults?app_key={keys[0]}", {"where": "rcpt", "reply": "451 no"})
    api.ask("POST", f"{OWN}/faults", {"where": "noop", "reply": "451 no"})
    assert api.ask("DELETE", f"{ACCOUNTS}/{keys[0]}").status == 204
    assert [each["id"] for each in api.get(MESSAGES).json["messages"]] == [kept]
    assert [rule.where for rule in api.smtp.faults.rules] == ["noop"]
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send("again", keys=keys)


def test_sessions_outlive_their_account(api: Api, send: Callable[..., str]) -> None:
    """The sessions of an account can be read after its end, also in a file."""
    keys = issue(api)
    send("gone", keys=keys)
    (session,) = api.get(f"{OWN}/sessions?app_key={keys[0]}").json["sessions"]
    api.ask("DELETE", f"{ACCOUNTS}/{keys[0]}")
    (kept,) = api.get(f"{OWN}/sessions?app_key={keys[0]}").json["sessions"]
    assert kept["id"] == session["id"]
    assert b"250 Command accepted" in api.get(f"{OWN}/sessions/{kept['id']}/transcript").body


def test_an_open_session_outlives_its_account(api: Api) -> None:
    """A message that is sent after the end of its account stays until it is deleted."""
    keys = issue(api)
    with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as client:
        client.login(*keys)
        assert api.ask("DELETE", f"{ACCOUNTS}/{keys[0]}").status == 204
        client.sendmail("a@example.com", ["b@example.com"], "Subject: late\r\n\r\nx")
    (late,) = api.get(f"{MESSAGES}?app_key={keys[0]}").json["messages"]
    assert late["subject"] == "late"
    assert api.ask("DELETE", f"{MESSAGES}?app_key={keys[0]}").json == {"count": 1}


def test_messages_of_live_accounts_are_safe(api: Api, send: Callable[..., str]) -> None:
    """Deleting everything is refused while an issued account is live."""
    keys = issue(api)
    send("mine", keys=keys)
    answer = api.ask("DELETE", MESSAGES)
    assert answer.status == 409
    assert answer.json["detail"].startswith("1 issued account is live")
    assert api.get(MESSAGES).json["count"] == 1
    assert api.ask("DELETE", f"{MESSAGES}?query=subject:other").json == {"count": 0}
    api.ask("DELETE", f"{ACCOUNTS}/{keys[0]}")
    assert api.ask("DELETE", MESSAGES).status == 200


def test_secrets_are_shown_once(api: Api) -> None:
    """The list of accounts has no SecretKey; the response that has one must not be cached."""
    answer = api.ask("POST", ACCOUNTS, {"ttl": 60})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["usernames"]["auth"] == f"{answer.json['app_key']}#auth"
    listed = api.get(ACCOUNTS)
    assert [each["app_key"] for each in listed.json["accounts"]] == [answer.json["app_key"]]
    assert answer.json["secret_key"].encode() not in listed.body
    assert api.get(f"{OWN}/info").json["issued_accounts"] == 1


def test_accounts_where_any_app_key_may_log_in(tmp_path: Path) -> None:
    """With `accounts="any"` a new account is a name that other clients do not use."""
    with serving(tmp_path, accounts="any") as api:
        keys = issue(api)
        with smtplib.SMTP("127.0.0.1", api.smtp.port(587)) as client:
            client.login(*keys)
            client.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nx")
        assert api.get(f"{MESSAGES}?app_key={keys[0]}").json["count"] == 1
        assert api.ask("DELETE", f"{ACCOUNTS}/{keys[0]}").status == 204
        assert api.get(MESSAGES).json["count"] == 0


def test_accounts_expire_unless_they_are_used(
    api: Api, send: Callable[..., str], clock: list[float]
) -> None:
    """Messages and requests with the AppKey renew its lifetime; without them the account ends."""
    issued = IssuedAccounts(engine_of(api.smtp))
    keys, asked = issued.issue(60)[0], issued.issue(60)[0]
    clock[0] += 59
    send("used", keys=keys)
    issued.renew(asked.app_key)
    issued.renew("nobody")
    clock[0] += 59
    issued.end_expired()
    assert [each.app_key for each in issued.live] == [keys.app_key, asked.app_key]
    clock[0] += 2
    issued.end_expired()
    assert issued.live == ()
    assert api.smtp.messages == []
    issued.close()


def test_requests_renew_accounts(api: Api) -> None:
    """A request of any kind with the AppKey renews the account."""
    app_key, _ = issue(api)
    (before,) = api.get(ACCOUNTS).json["accounts"]
    for path in (MESSAGES, f"{OWN}/sessions", f"{OWN}/faults"):
        api.get(f"{path}?app_key={app_key}")
        (after,) = api.get(ACCOUNTS).json["accounts"]
        assert after["expires_at"] > before["expires_at"]
        before = after


@pytest.mark.parametrize("wait", WAITS)
def test_a_waiting_request_keeps_its_account(
    api: Api, wait: Wait, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account does not end while a request waits in it; then it has its full time again."""
    made = watch_accounts(monkeypatch)
    kept = issue(api, ttl=60)[0]
    with wait(api, kept, monkeypatch):
        issue(api, ttl=60)
        clock[0] += 1_000
        made[0].end_expired()
        assert live_accounts(api) == [kept]
        clock[0] += 59
    wait_until(lambda: not made[0].in_use.app_keys)
    clock[0] += 59
    made[0].end_expired()
    assert live_accounts(api) == [kept]
    clock[0] += 2
    made[0].end_expired()
    assert live_accounts(api) == []


def watch_accounts(monkeypatch: pytest.MonkeyPatch) -> list[IssuedAccounts]:
    """Return a list that gets the accounts of a server when it issues the first one."""
    made: list[IssuedAccounts] = []
    issue = IssuedAccounts.issue

    def watched(self: IssuedAccounts, ttl: float) -> object:
        made.append(self)
        return issue(self, ttl)

    monkeypatch.setattr(IssuedAccounts, "issue", watched)
    return made


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"[]", "an array"),
        (b"null", "null"),
        (b'"x"', "a string"),
        (b"1", "a number"),
        (b"0.5", "a number"),
        (b"true", "a boolean"),
    ],
)
def test_a_body_that_is_not_an_object(api: Api, body: bytes, kind: str) -> None:
    """The error names the kind of value in the words of JSON."""
    answer = api.ask("POST", ACCOUNTS, body)
    assert answer.status == 422
    assert answer.json["detail"] == f"the body must be a JSON object, not {kind}"
