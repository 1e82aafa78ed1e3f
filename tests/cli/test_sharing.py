"""Two `fakesmtp serve` on one PostgreSQL database: what they share beside messages."""

from __future__ import annotations

import smtplib
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import postgres
import pytest
from raw_client import PATIENCE

from fakesmtp.client import FakeSMTPClient
from fakesmtp.errors import FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Serving

    from fakesmtp import Account

    Server = tuple[Serving, FakeSMTPClient]

KEYS = ("AppKey", "configured-secret")


@pytest.fixture
def servers(serve: Callable[..., Serving]) -> Iterator[tuple[Server, Server]]:
    """Return two server processes, each with a client of its API."""
    options = ("--store", postgres.new_url(), "--http", "0", "--account", ":".join(KEYS))
    processes = [serve(*options) for _ in range(2)]
    # A client ends its accounts at the end, where its server may have been killed.
    with suppress(FakeSMTPError), ExitStack() as stack:
        one, other = (
            (each, stack.enter_context(FakeSMTPClient(each.page()))) for each in processes
        )
        yield one, other


def send(server: Serving, account: Account | tuple[str, str], subject: str = "hello") -> None:
    """Log in and send a message."""
    with smtplib.SMTP("127.0.0.1", server.ports()[1], timeout=PATIENCE) as connected:
        connected.login(*account)
        text = f"Subject: {subject}\r\n\r\nx"
        connected.sendmail("a@example.com", ["b@example.com"], text)


def refuses(server: Serving) -> bool:
    """Send MAIL and RCPT; return whether RCPT is refused."""
    with smtplib.SMTP("127.0.0.1", server.ports()[1], timeout=PATIENCE) as connected:
        connected.login(*KEYS)
        connected.mail("from@example.com")
        return connected.rcpt("to@example.com")[0] == 550


def test_account_of_another_process(servers: tuple[Server, Server]) -> None:
    """An account logs in to another process; it survives a kill of the one that issued it."""
    (one, api), (other, other_api) = servers
    inbox = api.new_account()
    send(other, inbox.account, "first")
    assert inbox.wait_for(subject="first").app_key == inbox.account.app_key
    one.process.kill()
    one.process.wait()
    send(other, inbox.account, "second")
    assert [each.subject for each in other_api.messages] == ["first", "second"]
    text = "".join(session.transcript() for session in other_api.sessions)
    assert inbox.account.secret_key not in text


def test_third_time_of_all_processes(servers: tuple[Server, Server]) -> None:
    """A rule with `nth = 3` is applied the third time, also if its server is killed meanwhile."""
    (one, api), (other, other_api) = servers
    rule = api.fault("rcpt", "reply", reply="550 5.1.1 third", nth=3)
    assert [each.name for each in other_api.faults.rules] == [rule.rule.name]
    assert [refuses(one), refuses(other)] == [False, False]
    one.process.kill()
    one.process.wait()
    assert [refuses(other), refuses(other)] == [True, False]
    assert [other_api.faults.applied(each) for each in other_api.faults.rules] == [1]
