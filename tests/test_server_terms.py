"""One server, several owners one after the other: terms, and who gets what arrives."""

from __future__ import annotations

import smtplib
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from fakesmtp import AS_RECORDED, ConfigurationError, FakeSMTP
from fakesmtp.server import engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp import ReceivedMessage, Session


@pytest.fixture
def smtp() -> Iterator[FakeSMTP]:
    """Give a server that needs no AUTH."""
    with FakeSMTP(require_auth=False) as server:
        yield server


def send(smtp: FakeSMTP, body: str = "hello") -> None:
    """Send a message."""
    with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
        client.sendmail("a@example.com", ["b@example.com"], f"Subject: hi\r\n\r\n{body}\r\n")


def test_terms_for_an_owner(smtp: FakeSMTP) -> None:
    """Terms for an owner differ from those of now in what is given, and in nothing else."""
    terms = engine_of(smtp).terms_for(
        "me", require_tls=True, profile=AS_RECORDED, accounts=[("key", "s")]
    )
    assert (terms.owner, terms.policy.require_tls, terms.profile) == ("me", True, AS_RECORDED)
    assert terms.policy.auth_required_at == "never"
    assert terms.accounts.verify("key", "s") == "key"
    assert engine_of(smtp).terms_for("you").accounts is engine_of(smtp).terms.accounts


def test_unknown_switch(smtp: FakeSMTP) -> None:
    """A switch that there is not raises an error that names the nearest one."""
    with pytest.raises(ConfigurationError, match="did you mean 'require_tls'"):
        engine_of(smtp).terms_for("me", requre_tls=True)


def test_a_connection_made_before_keeps_its_owner(smtp: FakeSMTP) -> None:
    """A connection belongs to whoever owned the server when it was made, never to the next."""
    for number in range(50):
        engine_of(smtp).change_terms(engine_of(smtp).terms_for(number))
        with closing(socket.create_connection((smtp.host, smtp.port(587)))):
            engine_of(smtp).change_terms(engine_of(smtp).terms_for(None))
        assert [session.owner for session in smtp.sessions][-1] == number


def test_changes_of_terms_come_in_order(smtp: FakeSMTP) -> None:
    """A change that is not waited for comes before the next one."""
    engine_of(smtp).change_terms(engine_of(smtp).terms_for("first"), wait=False)
    engine_of(smtp).change_terms(engine_of(smtp).terms_for("second"))
    assert engine_of(smtp).terms.owner == "second"


def test_terms_of_a_stopped_server() -> None:
    """The terms of a server that does not run can be changed, too."""
    server = FakeSMTP()
    engine_of(server).change_terms(engine_of(server).terms_for("me"))
    assert engine_of(server).terms.owner == "me"


def test_forgetting_an_owner(smtp: FakeSMTP) -> None:
    """What belongs to an owner is forgotten, and nothing else."""
    for owner in ("me", "you"):
        engine_of(smtp).change_terms(engine_of(smtp).terms_for(owner))
        send(smtp)
    engine_of(smtp).forget("me")
    assert [message.session.owner for message in smtp.messages] == ["you"]
    assert [session.owner for session in smtp.sessions] == ["you"]


def test_accounts_come_and_go(smtp: FakeSMTP) -> None:
    """An account that was added can be removed; others stay."""
    account = engine_of(smtp).add_account()
    engine_of(smtp).remove_account(account.app_key)
    assert engine_of(smtp).terms.accounts.verify(*account) is None
    assert engine_of(smtp).terms.accounts.verify(*smtp.account)


def test_the_newest_messages_are_kept() -> None:
    """With `max_messages` the oldest message goes when there are too many."""
    with FakeSMTP(require_auth=False, max_messages=2) as smtp:
        for body in ("one", "two", "three"):
            send(smtp, body)
        assert [message.text for message in smtp.messages] == ["two\n", "three\n"]


def test_messages_of_so_many_bytes_are_kept() -> None:
    """With `max_bytes` the oldest message goes when all together are larger."""
    with FakeSMTP(require_auth=False, max_bytes=2_500) as smtp:
        for body in ("one", "two" * 20, "three"):
            send(smtp, body)
        assert [message.text for message in smtp.messages] == ["two" * 20 + "\n", "three\n"]


def test_failures_are_raised_every_time(smtp: FakeSMTP) -> None:
    """What callbacks raise is raised again and again, not only the first time."""

    def broken(_: ReceivedMessage | Session) -> None:
        raise ZeroDivisionError

    smtp.on_session_end(broken)
    for _ in range(2):
        send(smtp)
        with pytest.raises(ZeroDivisionError):
            smtp.raise_failures()
