"""Calls that type checkers accept: every documented form, and the types of the results.

Nothing here is run; mypy and pyright read it (`make lint`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

import pytest

from fakesmtp import (
    AS_RECORDED,
    Account,
    AccountView,
    FakeSMTP,
    FaultScript,
    MailType,
    PlannedFault,
    ReceivedMessage,
    Session,
)
from fakesmtp.faults import Stage
from fakesmtp.messages import Conditions

if TYPE_CHECKING:
    from pytest_fakesmtp import FakeSMTPView, MarkerOptions
    from pytest_fakesmtp.servers import Factory

    from fakesmtp import ServerOptions

MARKER: MarkerOptions = {"accounts": [("key", "secret")], "require_tls": True, "faults": "a.toml"}
OPTIONS: ServerOptions = {"accounts": "any", "ports": {587: 0}, "require_tls": True}
MARKED = pytest.mark.fakesmtp(**MARKER)


def options() -> None:
    """Pass options and policy switches to the server."""
    FakeSMTP(accounts="any", require_auth=False, unknown_mail_type="normal", idle_timeout=1)
    FakeSMTP(accounts=[("key", "secret")], ports={587: 0, 465: 1465}, host=["127.0.0.1", "::1"])
    FakeSMTP(**OPTIONS)
    FakeSMTP(certs_dir=Path("certs"), record_dir=Path("sessions"), profile=AS_RECORDED)


def conditions(smtp: FakeSMTP, account: AccountView) -> None:
    """Pass conditions: a value, a pattern, a callable, several of them, or None."""
    message = smtp.wait_for(to="a@example.com", subject=re.compile("Hi"), timeout=1)
    assert_type(message, ReceivedMessage)
    smtp.wait_for(mail_type="ad", body=lambda text: "code" in text, cc=None)
    smtp.wait_for(mail_type=MailType.AUTH, rcpt_tos=["a@example.com", re.compile("@b")])
    smtp.take(headers={"X-Id": "7", "X-Tag": re.compile("^a")}, port=587, tls=None)
    smtp.expect_none(within=0.1, sender={"a@example.com", "b@example.com"})
    account.wait_for_count(2, attachment="a.pdf", links=("https://example.com/",))
    Conditions(from_="a@example.com", html=re.compile("<b>"), raw=re.compile(b"\r\n"))


def several(recipients: list[str]) -> Conditions:
    """Pass a list of texts as a condition."""
    return Conditions(to=recipients)


async def waiting(smtp: FakeSMTP, view: FakeSMTPView) -> None:
    """Pass the same conditions to the async methods."""
    assert_type(await smtp.wait_for_async(to="a@example.com"), ReceivedMessage)
    assert_type(await view.wait_for_async(mail_type="auth"), ReceivedMessage)
    await view.expect_none_async(subject="Hi")


def verbs(smtp: FakeSMTP, view: FakeSMTPView, account: AccountView) -> None:
    """Use the verbs, which server, fixture and account share, with the same types."""
    inboxes: list[FakeSMTP | FakeSMTPView | AccountView] = [smtp, view, account]
    for inbox in inboxes:
        assert_type(inbox.wait_for(to="a@example.com"), ReceivedMessage)
        assert_type(inbox.wait_for_count(2, mail_type="ad"), list[ReceivedMessage])
        assert_type(inbox.take(subject="Hi"), ReceivedMessage)
        assert_type(inbox.duplicates(), list[list[ReceivedMessage]])
        assert_type(inbox.clear(), int)
        assert_type(inbox.sessions, list[Session])
        assert_type(inbox.new_account(), AccountView)
        assert_type(inbox.faults, FaultScript)
        assert_type(inbox.fail("rcpt", to="a@example.com"), PlannedFault)
        assert_type(inbox.delay("data", seconds=1), PlannedFault)
        assert_type(inbox.env(465), dict[str, str])
        inbox.on_message(lambda message: message.subject)()
        inbox.on_session_end(lambda session: session.refusals)()


def session_of(message: ReceivedMessage) -> Session:
    """Use the session of a message, which is a `Session`, as `sessions` returns it."""
    assert_type(message.session.transcript(), str)
    assert_type(message.session, Session)
    return message.session


def faults(script: FaultScript, view: FakeSMTPView) -> None:
    """Pass the options of a rule to faults."""
    script.fail("rcpt", to="a@example.com", reply="550 5.1.1 No", times=2)
    script.delay("data", seconds=1.5, nth=1)
    script.fault("end-of-data", "lose-reply", probability=0.5, seed=1)
    script.fault(Stage.STARTTLS, "refuse-starttls")
    script.fault("tls-handshake", certificate="expired")
    script.limit("messages-per-second", 5, per="account")
    view.fail("mail", mail_type="ad", between=("02:00", "02:30"))
    view.delay("greeting", seconds=1)
    with view.fault("rcpt", "drop", every=3) as planned:
        assert_type(planned.applied, int)


def fixtures(view: FakeSMTPView, make_fakesmtp: Factory) -> None:
    """Use the fixtures, which are typed."""
    assert_type(view.messages, list[ReceivedMessage])
    assert_type(view.sessions, list[Session])
    assert_type(view.new_account(), AccountView)
    assert_type(view.account, Account)
    assert_type(make_fakesmtp(accounts="any", max_messages=5), FakeSMTP)
    view.new_account().take(subject="Hi")


def helpers(smtp: FakeSMTP, view: FakeSMTPView) -> None:
    """Use a user name, which is a text, and an address, which is a host and a port."""
    assert_type(smtp.account.username("auth"), str)
    assert_type(view.account.username(MailType.AD), str)
    assert_type(smtp.address(587), tuple[str, int])
    assert_type(view.address(465), tuple[str, int])
    assert_type(smtp.env(mail_type="auth"), dict[str, str])
    assert_type(view.env(465, format="dotenv"), str)
