"""Accounts that one server issues, at other servers with the same store."""

from __future__ import annotations

import smtplib
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import postgres
import pytest
from raw_client import PATIENCE
from scenarios import KEYS
from waiting_requests import follow_events, live_accounts, wait_until

from fakesmtp.errors import StoreError
from fakesmtp.protocol.issued import hash_key
from fakesmtp.server import engine_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api

    from fakesmtp import Session

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
    api.take_session()


def log_in(api: Api, keys: tuple[str, str]) -> Session:
    """Log in with PLAIN on a connection of its own; return the session."""
    response = b64encode("\0".join(("", *keys)).encode())
    return api.fail(b"EHLO client.example", b"AUTH PLAIN " + response)


def note_of(session: Session) -> str:
    """Return the last note of a session."""
    return [event.text for event in session.events if event.kind == "note"][-1]


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
def test_account_logs_in_everywhere(start: Start, method: str) -> None:
    """An account can log in to the other server as soon as it is issued; both list it."""
    one, other = start(), start()
    keys = issue(one)
    send(other, keys, method)
    send(one, keys, method)
    assert live_accounts(one) == live_accounts(other) == [keys[0]]
    assert other.get(f"{OWN}/info").json["issued_accounts"] == 1
    for api in (one, other):
        assert api.get(f"{MESSAGES}?app_key={keys[0]}").json["count"] == 2


def test_wrong_keys_are_refused_with_the_reason(start: Start) -> None:
    """Wrong keys are refused as those of a server's own accounts, with a note that says why."""
    one, other = start(), start()
    app_key, secret_key = issue(one)
    for keys, why in (
        ((app_key, secret_key[:-1]), f"the SecretKey of AppKey '{app_key}' is wrong"),
        ((app_key[::-1], secret_key), f"the AppKey '{app_key[::-1]}' is unknown"),
        (("unknown", secret_key), "the AppKey 'unknown' is unknown"),
        ((KEYS[0], secret_key), f"the SecretKey of AppKey '{KEYS[0]}' is wrong"),
    ):
        session = log_in(other, keys)
        assert [each.reply.text for each in session.refusals] == ["Authentication Failed"]
        assert why in note_of(session)
    assert log_in(other, (app_key, secret_key)).login.app_key == app_key


def test_ended_account_ends_everywhere(start: Start) -> None:
    """After DELETE at one server no server lets the account in, and its messages are gone."""
    one, other = start(), start()
    keys, kept = issue(one), issue(one)
    send(one, keys)
    send(other, keys)
    send(other, kept)
    answers = [api.ask("DELETE", f"{ACCOUNTS}/{keys[0]}").status for api in (other, one)]
    assert answers == [204, 404]
    for api in (one, other):
        assert log_in(api, keys).login is None
        assert live_accounts(api) == [kept[0]]
        assert {each["app_key"] for each in api.get(MESSAGES).json["messages"]} == {kept[0]}


def test_guard_of_messages_holds_everywhere(start: Start) -> None:
    """Deleting everything is refused at every server while an account of any of them is live."""
    one, other = start(), start()
    keys = issue(one)
    send(one, keys)
    assert other.ask("DELETE", MESSAGES).status == 409
    assert other.ask("DELETE", f"{ACCOUNTS}/{keys[0]}").status == 204
    assert one.ask("DELETE", MESSAGES).status == 200


def test_unused_account_ends_once(start: Start, url: str) -> None:
    """Of all servers, one ends an account that was not used; a use at any server renews it."""
    one, other = start(), start()
    keys, used = issue(one, ttl=60), issue(one, ttl=60)
    send(one, keys)
    postgres.execute(url, "UPDATE accounts SET expires = expires - 30")
    (before,) = postgres.execute(url, "SELECT max(expires) FROM accounts")
    send(other, used)
    assert sorted(live_accounts(other)) == sorted([keys[0], used[0]])  # writes what was used
    assert postgres.execute(url, "SELECT max(expires) FROM accounts") > [before]
    oldest = "UPDATE accounts SET expires = 0 WHERE issued = (SELECT min(issued) FROM accounts)"
    postgres.execute(url, oldest)
    for api in (one, other):
        sharing = engine_of(api.smtp).sharing
        assert sharing is not None
        sharing.accounts.end_expired()
    assert live_accounts(one) == live_accounts(other) == [used[0]]
    assert [each["app_key"] for each in one.get(MESSAGES).json["messages"]] == [used[0]]
    assert log_in(one, keys).login is None


def test_waiting_request_keeps_its_account_everywhere(
    start: Start, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a request waits in an account, its server renews it again and again for all servers."""
    one, other = start(), start()
    app_key = issue(one, ttl=60)[0]
    sharing = engine_of(other.smtp).sharing
    assert sharing is not None
    with follow_events(other, app_key, monkeypatch):
        ends = []
        for _ in range(3):  # the first time also because the request has begun
            sharing.accounts.write_uses()
            ends += postgres.execute(url, "SELECT expires FROM accounts")
    assert ends[0] < ends[1] < ends[2]


def test_use_while_the_database_fails_counts(start: Start, url: str) -> None:
    """A use of an account that cannot be written yet is written later."""
    api = start()
    app_key = issue(api, ttl=60)[0]
    sharing = engine_of(api.smtp).sharing
    assert sharing is not None
    before = postgres.execute(url, "SELECT expires FROM accounts")
    postgres.execute(url, "ALTER TABLE accounts RENAME TO away")
    sharing.accounts.renew(app_key)
    with suppress(StoreError):  # the server writes uses by itself, too
        sharing.accounts.write_uses()
    postgres.execute(url, "ALTER TABLE away RENAME TO accounts")
    wait_until(lambda: postgres.execute(url, "SELECT expires FROM accounts") > before)


def test_secret_key_is_not_stored(start: Start, url: str) -> None:
    """The database has no SecretKey of an issued account; the same key has two hashes."""
    api = start()
    keys = issue(api)
    send(api, keys)
    (row,) = postgres.execute(url, "SELECT accounts::text FROM accounts")
    assert keys[0] in row[0]
    assert keys[1] not in row[0]
    assert hash_key(keys[1]) != hash_key(keys[1])


@pytest.mark.parametrize(
    "line",
    [
        b"NOOP %s",
        b"MAIL FROM:<%s@example.com>",
        b"RCPT TO:<%s>",
        b"hello %s",
    ],
)
@pytest.mark.parametrize("encode", [bytes, b64encode, bytes.upper, bytes.hex])
def test_key_is_masked_where_it_was_not_issued(
    start: Start, line: bytes, encode: Callable[[bytes], bytes | str]
) -> None:
    """No session of another server has an issued SecretKey, wherever a client writes it."""
    one, other = start(), start()
    secret_key = issue(one)[1].encode()
    written = encode(secret_key)
    written = written.encode() if isinstance(written, str) else written
    session = other.fail(b"EHLO client.example", line % written)
    assert written.decode() not in session.transcript()
    assert "***" in session.transcript()


def test_hook_of_auth_is_called_after_the_lookup(start: Start) -> None:
    """A handler of aiosmtpd has its say after an account was looked up."""

    class Handler:
        async def handle_AUTH(self, _server: object, session: Any, *_: object) -> str:  # noqa: ANN401, N802 - as aiosmtpd calls it
            return f"421 not today, {session.auth_data.app_key}"

    one, other = start(), start(handler=Handler())
    keys = issue(one)
    session = log_in(other, keys)
    assert [each.reply.text for each in session.refusals] == [f"not today, {keys[0]}"]


def test_fault_of_auth_comes_before_the_lookup(start: Start) -> None:
    """A planned fault of AUTH also applies to accounts of other servers."""
    one, other = start(), start()
    keys = issue(one)
    with other.smtp.fail("auth", app_key=keys[0]):
        assert log_in(other, keys).login is None
    with other.smtp.fault("auth", "delay", seconds=0.01, app_key=keys[0]):
        assert log_in(other, keys).login.app_key == keys[0]
