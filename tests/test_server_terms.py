"""One server with one owner after another: their terms, messages and sessions."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from fakesmtp import AS_RECORDED, ConfigurationError, FakeSMTP
from fakesmtp.messages.message import scope_of_message
from fakesmtp.server import engine_of
from fakesmtp.sessions.session import scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakesmtp import ReceivedMessage, Session


@pytest.fixture
def smtp() -> Iterator[FakeSMTP]:
    """Start a server that does not require AUTH."""
    with FakeSMTP(require_auth=False) as server:
        yield server


def send(smtp: FakeSMTP, body: str = "hello") -> None:
    """Send a message."""
    with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
        client.sendmail("a@example.com", ["b@example.com"], f"Subject: hi\r\n\r\n{body}\r\n")


def test_terms_for_an_owner(smtp: FakeSMTP) -> None:
    """Terms for an owner differ from the current terms only in the given options."""
    terms = engine_of(smtp).terms_for(
        "me", require_tls=True, profile=AS_RECORDED, accounts=[("key", "s")]
    )
    assert (terms.scope, terms.policy.require_tls, terms.profile) == ("me", True, AS_RECORDED)
    assert terms.policy.auth_required_at == "never"
    assert terms.accounts.verify("key", "s") == "key"
    assert engine_of(smtp).terms_for("you").accounts is engine_of(smtp).terms.accounts


def test_unknown_switch(smtp: FakeSMTP) -> None:
    """The error for an unknown switch suggests the nearest one."""
    with pytest.raises(ConfigurationError, match="did you mean 'require_tls'"):
        engine_of(smtp).terms_for("me", requre_tls=True)


def test_connection_keeps_its_owner(smtp: FakeSMTP) -> None:
    """A connection belongs to the owner at the time it was made, never to the next owner."""
    for number in range(50):
        engine_of(smtp).change_terms(engine_of(smtp).terms_for(number))
        with closing(socket.create_connection((smtp.host, smtp.port(587)))):
            engine_of(smtp).change_terms(engine_of(smtp).terms_for(None))
        assert [scope_of(session) for session in smtp.sessions][-1] == number


def test_changes_of_terms_keep_their_order(smtp: FakeSMTP) -> None:
    """A change without waiting is made before the next change."""
    engine_of(smtp).change_terms(engine_of(smtp).terms_for("first"), wait=False)
    engine_of(smtp).change_terms(engine_of(smtp).terms_for("second"))
    assert engine_of(smtp).terms.scope == "second"


def test_terms_of_a_stopped_server() -> None:
    """The terms of a stopped server can be changed, too."""
    server = FakeSMTP()
    engine_of(server).change_terms(engine_of(server).terms_for("me"))
    assert engine_of(server).terms.scope == "me"


def test_forgetting_an_owner(smtp: FakeSMTP) -> None:
    """Only the messages and sessions of the owner are removed."""
    for owner in ("me", "you"):
        engine_of(smtp).change_terms(engine_of(smtp).terms_for(owner))
        send(smtp)
    engine_of(smtp).forget("me")
    assert [scope_of_message(message) for message in smtp.messages] == ["you"]
    assert [scope_of(session) for session in smtp.sessions] == ["you"]


def test_added_account_can_be_removed(smtp: FakeSMTP) -> None:
    """An added account can be removed; other accounts remain."""
    account = engine_of(smtp).add_account()
    engine_of(smtp).remove_account(account.app_key)
    assert engine_of(smtp).terms.accounts.verify(*account) is None
    assert engine_of(smtp).terms.accounts.verify(*smtp.account)


def test_max_messages_keeps_the_newest() -> None:
    """With `max_messages` the oldest messages are dropped."""
    with FakeSMTP(require_auth=False, max_messages=2) as smtp:
        for body in ("one", "two", "three"):
            send(smtp, body)
        assert [message.text for message in smtp.messages] == ["two\n", "three\n"]


def test_max_bytes_keeps_the_newest() -> None:
    """With `max_bytes` the oldest messages are dropped when all together are larger."""
    with FakeSMTP(require_auth=False, max_bytes=2_500) as smtp:
        for body in ("one", "two" * 20, "three"):
            send(smtp, body)
        assert [message.text for message in smtp.messages] == ["two" * 20 + "\n", "three\n"]


def test_failure_of_a_script_that_is_run_directly(tmp_path: Path) -> None:
    """The error of its callback is raised, as in a module."""
    script = tmp_path / "script.py"
    script.write_text(
        "from smtplib import SMTP\n"
        "from fakesmtp import FakeSMTP\n"
        "def wrong(message): raise ZeroDivisionError('mine')\n"
        "with FakeSMTP(require_auth=False) as smtp, SMTP(*smtp.address(587)) as client:\n"
        "    smtp.on_message(wrong)\n"
        "    client.sendmail('a@b.c', ['d@e.f'], 'hi')\n"
        "    client.close()\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert "ZeroDivisionError: mine" in done.stderr
    assert "AttributeError" not in done.stderr


def test_failures_are_raised_every_time(smtp: FakeSMTP) -> None:
    """Errors of a callback are raised every time, not only the first time."""

    def broken(_: ReceivedMessage | Session) -> None:
        raise ZeroDivisionError

    smtp.on_session_end(broken)
    for _ in range(2):
        send(smtp)
        with pytest.raises(ZeroDivisionError):
            smtp.raise_failures()
