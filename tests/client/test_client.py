"""`FakeSMTPClient`: the verbs of `FakeSMTP`, on a server that runs elsewhere."""

from __future__ import annotations

import asyncio
import smtplib
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from queue import SimpleQueue
from threading import Barrier
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
from http_api import Api, serving
from other_server import answering
from raw_client import PATIENCE
from scenarios import KEYS

from fakesmtp import ConfigurationError, FakeSMTP, FakeSMTPError, NoMatchingMessage
from fakesmtp.client import FakeSMTPClient
from fakesmtp.faults import Rule
from fakesmtp.web.security.access import Access
from fakesmtp.web.security.passwords import Passwords
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakesmtp import ReceivedMessage
    from fakesmtp.inbox import Inbox


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A server with its HTTP API."""
    with serving(tmp_path / "recordings") as running:
        yield running


@pytest.fixture
def client(api: Api) -> Iterator[FakeSMTPClient]:
    """A client of the server."""
    with FakeSMTPClient(api.http.url) as running:
        yield running


def send(inbox: Inbox, subject: str, *, keys: tuple[str, str] | None = None) -> None:
    """Send a message as a client of an inbox does, over verified TLS."""
    with smtplib.SMTP(*inbox.address(587), timeout=PATIENCE) as smtp:
        smtp.starttls(context=inbox.client_context())
        smtp.login(*(keys or inbox.account))
        text = f"Subject: {subject}\r\n\r\ncode 493021\r\n"
        smtp.sendmail("a@example.com", ["b@example.com"], text)


def test_messages_equal_those_of_the_server(api: Api, client: FakeSMTPClient) -> None:
    """A message of the client has the bytes and facts that the server has, and its session."""
    send(client, "hello", keys=KEYS)
    mine, its = client.wait_for(subject="hello"), api.smtp.wait_for()
    assert mine.record._replace(received=0) == its.record._replace(received=0)
    assert mine.received_at == its.received_at
    assert mine.find_code(r"\d{6}") == "493021"
    assert mine.session.transcript() == its.session.transcript()
    assert [each.id for each in client.messages] == [its.id]
    assert [each.id for each in client.sessions] == [each.id for each in api.smtp.sessions]


def test_waiting(client: FakeSMTPClient) -> None:
    """A wait ends when the message arrives; without one it tells what did, as `FakeSMTP` does."""
    inbox = client.new_account()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(inbox.wait_for, subject="second", timeout=PATIENCE)
        send(inbox, "first")
        send(inbox, "second")
        assert waiting.result(PATIENCE).subject == "second"
    with pytest.raises(NoMatchingMessage) as failure:
        inbox.wait_for(subject="secon", timeout=0)
    lines = str(failure.value).splitlines()
    assert lines[:3] == [
        "no message came within 0 s",
        "awaited: subject='secon'",
        "arrived: 2",
    ]
    assert "subject: expected 'secon', was 'second'" in str(failure.value)
    assert [each.subject for each in inbox.wait_for_count(2)] == ["first", "second"]
    assert inbox.wait_for(search="subject:second").subject == "second"
    inbox.expect_none(search="has:attachment")
    with pytest.raises(FakeSMTPError, match="has: 'nothing' is not"):
        inbox.wait_for(search="has:nothing")
    with pytest.raises(ConfigurationError, match="there is no rule 'nothing'"):
        inbox.expect_none(findings="nothing")


def test_a_refused_login_is_told(client: FakeSMTPClient) -> None:
    """A wait in vain names the session that was refused, although it is of no account yet."""
    inbox = client.new_account()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(inbox, "hello", keys=(inbox.account.app_key, "wrong"))
    with pytest.raises(NoMatchingMessage, match=r"refused sessions:\n.*535"):
        inbox.wait_for(timeout=0)


def test_accounts_are_separate(client: FakeSMTPClient) -> None:
    """Each account sees its own messages and sessions; what one takes, the other keeps."""
    one, other = client.new_account(), client.new_account()
    send(one, "one")
    send(other, "other")
    assert [each.subject for each in one.messages] == ["one"]
    assert len(other.sessions) == 1
    assert one.take().subject == "one"
    one.expect_none()
    assert other.clear() == 1
    assert (other.messages, other.sessions) == ([], [])


def test_faults(client: FakeSMTPClient) -> None:
    """Faults are planned for the server or for an account, counted and removed."""
    inbox = client.new_account()
    with inbox.fail("rcpt", reply="451 4.7.1 Later", times=1) as planned:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(inbox, "refused")
        send(inbox, "accepted")
        assert planned.applied == 1
        inbox.assert_faults_used()
        assert client.faults.rules == (planned.rule,)
    assert client.faults.rules == ()
    client.faults.fail("noop")
    with pytest.raises(AssertionError, match="reply at noop"):
        client.assert_faults_used()
    client.faults.clear()
    assert client.faults.rules == ()


def test_faults_of_an_account_are_changed_as_those_of_a_server(client: FakeSMTPClient) -> None:
    """The methods of a script work on the rules of one account; those of others stay."""
    client.faults.fail("noop")
    faults = client.new_account().faults
    kept, gone, changed = (Rule(where, "drop") for where in ("rcpt", "data", "mail"))
    faults.add(kept, gone)
    number = faults.number_of(kept)
    faults.replace([kept, changed])
    faults.change(changed, gone)
    assert (faults.number_of(kept), [rule.where for rule in faults.rules]) == (
        number,
        ["rcpt", "data"],
    )
    faults.remove(gone)
    with pytest.raises(ConfigurationError, match="'reset at rcpt' is not a rule of this script"):
        client.faults.change(Rule("rcpt", "reset"), kept)
    with pytest.raises(FakeSMTPError, match="on its page only"):
        faults.switch(kept, on=False)
    assert [is_on for _, is_on in faults.planned] == [True]
    faults.clear()
    assert [rule.where for rule in client.faults.rules] == ["noop"]


def test_nobody_takes_the_message_of_another(client: FakeSMTPClient) -> None:
    """Each message goes to one of the callers that take at the same time."""
    inbox, start, sent = client.new_account(), Barrier(4), [f"m{number}" for number in range(12)]
    for subject in sent:
        send(inbox, subject)

    def take_all() -> Iterator[str]:
        start.wait()
        with suppress(NoMatchingMessage):
            while True:
                yield inbox.take(timeout=0).subject

    with ThreadPoolExecutor(4) as pool:
        taken = pool.map(lambda _: list(take_all()), range(4))
        assert sorted(chain.from_iterable(taken)) == sorted(sent)


def test_callbacks(client: FakeSMTPClient) -> None:
    """Callbacks get messages and sessions of the account."""
    inbox = client.new_account()
    seen: SimpleQueue[Any] = SimpleQueue()
    stop = inbox.on_message(seen.put)
    inbox.on_session_end(seen.put)
    send(inbox, "hello")
    found = {type(seen.get(timeout=PATIENCE)).__name__ for _ in range(2)}
    assert found == {"ReceivedMessage", "Recording"}
    stop()


def test_error_of_a_callback_is_raised_by_the_client(api: Api) -> None:
    """The end of a client raises the first error of a callback."""
    seen: SimpleQueue[str] = SimpleQueue()

    def fail_once(message: ReceivedMessage) -> None:
        if message.subject == "first":
            raise LookupError("of the callback")
        seen.put(message.subject)

    client = FakeSMTPClient(api.http.url)
    inbox = client.new_account()
    inbox.on_message(fail_once)
    send(inbox, "first")
    send(inbox, "second")
    assert seen.get(timeout=PATIENCE) == "second"
    with pytest.raises(LookupError, match="of the callback"):
        client.__exit__(None, None, None)


def test_in_an_event_loop(api: Api) -> None:
    """The client is an async context manager; its waits do not block the loop."""

    async def run() -> str:
        async with FakeSMTPClient(api.http.url) as client:
            inbox = client.new_account()
            waiting = asyncio.create_task(inbox.wait_for_async(timeout=PATIENCE))
            await asyncio.to_thread(send, inbox, "hello")
            return (await waiting).subject

    assert asyncio.run(run()) == "hello"


def test_the_end_of_a_client(api: Api) -> None:
    """It ends its accounts with their messages, and nothing else; then its methods say so."""
    api.send_message()
    with FakeSMTPClient(api.http.url) as client:
        inbox = client.new_account()
        send(inbox, "mine")
        ca_file = client.ca_file
        assert ca_file.exists()
    assert len(api.smtp.messages) == 1
    assert not ca_file.exists()
    client.close()
    with pytest.raises(FakeSMTPError, match="this client was closed"):
        _ = client.messages


def test_settings_of_a_client(api: Api, client: FakeSMTPClient) -> None:
    """`env` has ports, CA and account of the running server."""
    inbox = client.new_account()
    ours, its = inbox.env(587), api.smtp.env(587)
    assert ours.keys() == its.keys()
    assert (ours["SMTP_PORT"], ours["SMTP_SECURITY"]) == (its["SMTP_PORT"], "starttls")
    assert ours["SMTP_USERNAME"] == inbox.account.app_key
    assert client.env(465)["SMTP_SECURITY"] == "tls"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.0.0.1:1/"])
def test_no_server(url: str) -> None:
    """Where nothing answers, the error names the address and the command."""
    with FakeSMTPClient(url) as client, pytest.raises(FakeSMTPError) as failure:
        _ = client.messages
    assert str(failure.value).startswith("no server answers at http://127.0.0.1:1 (")
    assert str(failure.value).endswith("is `fakesmtp serve` running?")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"<html>", 200), (b"Not Found", 404), (b'{"detail": "Not Found"}', 404), (b"[]", 200)],
)
def test_another_server_answers(body: bytes, status: int) -> None:
    """Where another program answers, the error says that it is not fakesmtp."""
    with answering(body, status) as url, FakeSMTPClient(url) as client:
        for call in (client.new_account, lambda: client.messages, lambda: client.ports):
            with pytest.raises(FakeSMTPError, match=f"^{url}.* is not fakesmtp: "):
                call()


def test_another_server_has_other_facts() -> None:
    """The error says so, too, where the other program answers with JSON of its own."""
    with (
        answering(b"{}") as url,
        FakeSMTPClient(url) as client,
        pytest.raises(FakeSMTPError, match=f"^{url} is not fakesmtp: "),
    ):
        client.port(587)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8025", "ftp://127.0.0.1", "http://[x"])
def test_wrong_addresses(url: str) -> None:
    """What is not an address of a server is an error that names it."""
    with pytest.raises(ConfigurationError, match="is not the address of a server"):
        FakeSMTPClient(url)


def test_a_password(tmp_path: Path) -> None:
    """Name and password of the URL are sent, and no error shows them."""
    hashed = bcrypt.hashpw(b"pass word", bcrypt.gensalt(4)).decode()
    (tmp_path / "passwords").write_text(f"kim:{hashed}\n", "utf-8")
    access = Access(passwords=Passwords.read(tmp_path / "passwords"))
    with FakeSMTP(ports={587: 0}) as smtp, HttpServer(smtp, access=access) as http:
        place = f"127.0.0.1:{http.port}"
        with FakeSMTPClient(f"http://kim:pass%20word@{place}") as client:
            assert client.messages == []
        with FakeSMTPClient(f"http://{place}", auth=("kim", "pass word")) as client:
            assert client.messages == []
        with FakeSMTPClient(f"http://kim:wr0ng@{place}") as client:
            with pytest.raises(FakeSMTPError, match="a name and a password") as failure:
                _ = client.messages
            assert "wr0ng" not in f"{failure.value!r} {client!r}"


def test_errors_of_the_server(api: Api, client: FakeSMTPClient) -> None:
    """What the server refuses is an error with its sentence."""
    with pytest.raises(ConfigurationError, match="where must be a stage, not 'mial'"):
        client.fail("mial")  # type: ignore[arg-type]
    inbox = client.new_account()
    with pytest.raises(FakeSMTPError, match="is not open"):
        inbox.port(25)
    del api


def test_httpx_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the import names it."""
    for name in [each for each in sys.modules if each.startswith("fakesmtp.client")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(FakeSMTPError, match=r"pip install 'fakesmtp\[client\]'"):
        __import__("fakesmtp.client")
