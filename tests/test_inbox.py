"""A server, a test and an account have the same verbs, each for its own messages."""

from __future__ import annotations

import re
import smtplib
from typing import TYPE_CHECKING

import pytest

from fakesmtp import ConfigurationError, FakeSMTP, FakeSMTPError, NoMatchingMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Literal

    from pytest_fakesmtp import FakeSMTPView

    from fakesmtp import AccountView, ReceivedMessage, Session
    from fakesmtp.inbox import Inbox


@pytest.fixture
def smtp() -> Iterator[FakeSMTP]:
    """Start a server."""
    with FakeSMTP(ports={587: 0}) as server:
        yield server


@pytest.fixture(params=["server", "fixture", "account"])
def inbox(request: pytest.FixtureRequest, smtp: FakeSMTP, fakesmtp: FakeSMTPView) -> Inbox:
    """Return each of the three inboxes in turn."""
    return {"server": smtp, "fixture": fakesmtp, "account": smtp.new_account()}[request.param]


def send(inbox: Inbox, subject: str = "hi") -> None:
    """Send a message with the inbox's account."""
    with smtplib.SMTP(*inbox.address(587)) as client:
        client.login(*inbox.account)
        client.sendmail("a@example.com", ["b@example.com"], f"Subject: {subject}\r\n\r\n")


def test_messages_and_sessions(inbox: Inbox) -> None:
    """Messages and sessions are found, taken and cleared."""
    for subject in ("one", "two", "three"):
        send(inbox, subject)
    assert [message.subject for message in inbox.messages] == ["one", "two", "three"]
    assert len(inbox.sessions) == 3
    assert [message.subject for message in inbox.wait_for_count(2)] == ["one", "two"]
    assert inbox.take(subject="two").session in inbox.sessions
    inbox.expect_none(subject="two")
    assert inbox.wait_for().subject == "one"
    assert (inbox.clear(), inbox.messages, inbox.sessions, inbox.clear()) == (2, [], [], 0)


def test_search_in_the_language_of_the_store(inbox: Inbox) -> None:
    """A condition may be a search; an error names it, and shows the closest message."""
    for subject in ("order 1", "code 2"):
        send(inbox, subject)
    found = inbox.wait_for(search="subject:code -has:attachment", mail_from="a@example.com")
    assert found.subject == "code 2"
    assert inbox.take(search="order").subject == "order 1"
    inbox.expect_none(search="order")
    with pytest.raises(NoMatchingMessage) as failure:
        inbox.wait_for(search="has:attachment", timeout=0)
    lines = str(failure.value).splitlines()
    assert lines[1] == "awaited: search='has:attachment'"
    assert lines[-1] == f"  search: expected 'has:attachment', was {repr(found)!r}"
    with pytest.raises(FakeSMTPError, match="position 1: has: 'nothing' is not"):
        inbox.wait_for(search="has:nothing")


def test_callbacks(inbox: Inbox) -> None:
    """Callbacks are called for messages and ended sessions until they are removed."""
    messages: list[ReceivedMessage] = []
    sessions: list[Session] = []
    stops = (inbox.on_message(messages.append), inbox.on_session_end(sessions.append))
    send(inbox)
    inbox.wait_for()
    for stop in (*stops, *stops):
        stop()
    send(inbox)
    assert len(inbox.wait_for_count(2)) == 2
    assert (messages, sessions) == (inbox.messages[:1], inbox.sessions[:1])


def test_faults(inbox: Inbox) -> None:
    """A fault is planned, used, listed, and removed after its block."""
    with (
        inbox.fail("end-of-data", times=1) as planned,
        pytest.raises(smtplib.SMTPDataError, match="451"),
    ):
        send(inbox)
    assert inbox.faults.rules == ()
    inbox.delay("mail", seconds=0.001)
    inbox.fault("rcpt", "delay", seconds=0.001, name="never")
    assert [rule.where for rule in inbox.faults.rules] == ["mail", "rcpt"]
    inbox.faults.clear()
    inbox.assert_faults_used()
    assert planned.applied == 0  # it is no longer in the script


def test_env_leads_to_the_inbox(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client with the settings of `env` logs in with the inbox's account."""
    for name, value in inbox.env().items():
        monkeypatch.setenv(name, value)
    with smtplib.SMTP(inbox.host, inbox.port(587)) as client:
        client.starttls(context=inbox.client_context())
        client.login(*map(inbox.env().get, ("SMTP_USERNAME", "SMTP_PASSWORD")))  # type: ignore[arg-type]
        client.sendmail("a@example.com", ["b@example.com"], "Subject: hi\r\n\r\n")
    assert inbox.wait_for(app_key=inbox.account.app_key).tls
    assert inbox.env()["SMTP_CA_FILE"] == str(inbox.ca_file)


def test_new_accounts(inbox: Inbox) -> None:
    """A new account's view has only its own messages; the inbox keeps its account."""
    other = inbox.new_account()
    another = other.new_account()
    for each in (inbox, other, another):
        send(each, str(each.account.app_key))
    assert [message.subject for message in other.messages] == [other.account.app_key]
    assert [len(view.sessions) for view in (other, another)] == [1, 1]
    assert inbox.wait_for(subject=inbox.account.app_key)


def test_faults_of_an_account(smtp: FakeSMTP) -> None:
    """A fault of one account applies only to it, and is a rule of the server with its AppKey."""
    shop, news = smtp.new_account(), smtp.new_account()
    shop.fail("rcpt", reply="550 5.1.1 User unknown", to="*@example.com")
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="User unknown"):
        send(shop)
    for inbox in (news, smtp):
        send(inbox)
    assert (len(shop.faults.rules), news.faults.rules, len(smtp.faults.rules)) == (1, (), 1)
    shop.assert_faults_used()
    with pytest.raises(NoMatchingMessage, match="User unknown"):
        shop.wait_for(timeout=0)
    with pytest.raises(NoMatchingMessage) as caught:
        news.wait_for(subject="other", timeout=0)
    assert "User unknown" not in str(caught.value)


def test_fault_script_of_an_account(smtp: FakeSMTP, tmp_path: Path) -> None:
    """Loading, limiting, replacing and clearing apply only to the rules of the account."""
    shop = smtp.new_account()
    everybody = smtp.delay("mail", seconds=0.001)
    (tmp_path / "faults.toml").write_text("[[fault]]\nwhere='noop'\nreply='450 4.3.2 no'\n")
    loaded = shop.faults.load(tmp_path / "faults.toml")[0]
    shop.faults.limit("size", 10)
    send(smtp)
    with smtplib.SMTP(*shop.address(587)) as client:
        client.login(*shop.account)
        assert client.noop() == (450, b"4.3.2 no")
    assert shop.faults.applied(loaded) == 1
    assert [rule.where for rule in shop.faults.used] == ["noop"]
    assert len(shop.faults.unused) == 1
    shop.faults.remove(loaded)
    shop.faults.replace(shop.faults.rules)
    assert (len(shop.faults.rules), len(smtp.faults.rules)) == (1, 2)
    shop.faults.clear()
    assert smtp.faults.rules == (everybody.rule,)


def test_wrong_faults_of_an_account(smtp: FakeSMTP) -> None:
    """A stage before the login and the AppKey of another account are errors."""
    shop = smtp.new_account()
    late = r"^test_inbox\.py:\d+: .* after its login, so not at greeting: plan this one"
    with pytest.raises(ConfigurationError, match=late):
        shop.delay("greeting", seconds=1)
    with pytest.raises(ConfigurationError, match="not 'other'"):
        shop.fail("rcpt", app_key="other")
    assert smtp.faults.rules == ()


def test_new_account_with_any_account_allowed() -> None:
    """`new_account` is an error with `accounts="any"`."""
    with pytest.raises(FakeSMTPError, match="any AppKey may log in"):
        FakeSMTP(accounts="any").new_account()


WRONG: dict[str, tuple[Callable[[AccountView], object], str]] = {
    "timeout": (lambda inbox: inbox.wait_for(timeout="5"), "timeout must be *'5'"),  # type: ignore[arg-type]
    "within": (lambda inbox: inbox.expect_none(within=None), "within must be *None"),  # type: ignore[arg-type]
    "take": (lambda inbox: inbox.take(timeout=True), "timeout must be *True"),
    "count": (lambda inbox: inbox.wait_for_count(-1), "count must be *-1"),
    "text": (lambda inbox: inbox.wait_for_count("2"), "count must be *'2'"),  # type: ignore[arg-type]
    "callback": (lambda inbox: inbox.on_message("x"), "the callback must be a function, not 'x'"),  # type: ignore[arg-type]
    "recipient": (lambda inbox: inbox.wait_for(recipient="x"), "did you mean 'to'?"),  # type: ignore[call-arg]
    "type": (lambda inbox: inbox.take(mail_type="promo"), "mail_type must be *'promo'"),  # type: ignore[arg-type]
    "finding": (lambda inbox: inbox.expect_none(findings="ad-fone"), "did you mean 'ad-phone'?"),
    "search": (lambda inbox: inbox.take(search=5), "search must be a text, not *5"),  # type: ignore[arg-type]
    "stage": (lambda inbox: inbox.fail("rcp"), "'rcpt'"),  # type: ignore[arg-type]
    "option": (lambda inbox: inbox.fail("rcpt", too="x"), "'to'"),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments(smtp: FakeSMTP, case: str) -> None:
    """A wrong argument is a `ConfigurationError` of one line that names the value."""
    call, expected = WRONG[case]
    with pytest.raises(ConfigurationError) as caught:
        call(smtp.new_account())
    pattern = ".*".join(map(re.escape, expected.split("*")))
    assert re.search(pattern, str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("accounts", ["any", []])
def test_a_server_without_an_account(accounts: Literal["any"] | list[tuple[str, str]]) -> None:
    """The error for a missing account is true for `any` and for an empty list."""
    with (
        FakeSMTP(accounts=accounts) as smtp,
        pytest.raises(FakeSMTPError, match=r"accounts='any' lets every AppKey .*=\[\] none"),
    ):
        assert smtp.account
