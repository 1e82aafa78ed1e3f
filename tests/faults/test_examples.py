"""The ready-made scripts, each with a client that it is meant to test."""

from __future__ import annotations

import smtplib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakesmtp.faults.explain import explain
from fakesmtp.faults.loading import read_file

if TYPE_CHECKING:
    from fakesmtp import FakeSMTP

EXAMPLES = Path(__file__).parents[2] / "examples" / "faults"
MAIL = "Message-ID: <1@example.com>\r\nSubject: hello\r\n\r\n" + "hello\r\n" * 50


def log_in(smtp: FakeSMTP, user: str = "AppKey") -> smtplib.SMTP:
    """Connect and log in over TLS."""
    client = smtplib.SMTP("localhost", smtp.port(587), timeout=20)
    try:
        client.starttls(context=smtp.client_context())
        client.login(user, "SecretKey")
    except BaseException:
        client.close()
        raise
    return client


def send(client: smtplib.SMTP, *recipients: str) -> dict[str, tuple[int, bytes]]:
    """Send the message; return the refused recipients."""
    return client.sendmail("from@example.com", recipients or ("to@example.org",), MAIL)


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.stem)
def test_examples_have_a_test_and_can_be_explained(path: Path) -> None:
    """Each script can be read and explained, and its comment says what a good client does."""
    assert all(explain(rule) for rule in read_file(path))
    assert "good client" in path.read_text(encoding="utf-8")
    assert f"test_{path.stem.replace('-', '_')}" in globals()


def test_rejected_keys(smtp: FakeSMTP) -> None:
    """Good keys are refused."""
    smtp.faults.load(EXAMPLES / "rejected-keys.toml")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        log_in(smtp)
    assert refused.value.args == (535, b"5.7.8 Authentication credentials invalid")
    smtp.faults.assert_used()


def test_greylisting(smtp: FakeSMTP) -> None:
    """Each recipient is refused once, then accepted."""
    smtp.faults.load(EXAMPLES / "greylisting.toml")
    with log_in(smtp) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(client, "a@example.org", "b@example.org")
        assert {code for code, _ in refused.value.recipients.values()} == {451}
        assert send(client, "a@example.org", "b@example.org") == {}
        assert list(send(client, "a@example.org", "c@example.org")) == ["c@example.org"]
    assert [message.rcpt_tos for message in smtp.messages] == [
        ("a@example.org", "b@example.org"),
        ("a@example.org",),
    ]


def test_rate_limit(smtp: FakeSMTP) -> None:
    """The third message of a second is refused, the first of the next second is not."""
    smtp.faults.load(EXAMPLES / "rate-limit.toml")
    now = {"seconds": 0.0}
    smtp.faults._clock = lambda: now["seconds"]
    with log_in(smtp) as client:
        send(client)
        send(client)
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            send(client)
        assert refused.value.args[:2] == (451, b"4.7.1 Too many messages, slow down")
        now["seconds"] = 1.0
        send(client)
    assert len(smtp.messages) == 3


def test_ad_message_refused(smtp: FakeSMTP) -> None:
    """Messages of the type `ad` are refused, all others are accepted."""
    smtp.faults.load(EXAMPLES / "ad-message-refused.toml")
    with log_in(smtp, "AppKey#ad") as client, pytest.raises(smtplib.SMTPSenderRefused):
        send(client)
    with log_in(smtp) as client:
        send(client)
    assert [str(message.mail_type) for message in smtp.messages] == ["normal"]


def test_lost_in_data(smtp: FakeSMTP) -> None:
    """The connection is lost twice during the message, which arrives once in the end."""
    smtp.faults.load(EXAMPLES / "lost-in-data.toml")
    for _ in range(2):
        client = log_in(smtp)
        with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
            send(client)
        client.close()
    with log_in(smtp) as client:
        send(client)
    assert len(smtp.messages) == 1
    assert smtp.duplicates() == []


def test_lost_reply(smtp: FakeSMTP) -> None:
    """A client that tries again sends a duplicate, which is found by its Message-ID."""
    smtp.faults.load(EXAMPLES / "lost-reply.toml")
    client = log_in(smtp)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(client)
    client.close()
    with log_in(smtp) as client:
        send(client)
    assert smtp.duplicates() == [smtp.messages]


def test_expired_certificate(smtp: FakeSMTP) -> None:
    """A client that verifies the certificate stops."""
    smtp.faults.load(EXAMPLES / "expired-certificate.toml")
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        log_in(smtp)
    assert "AUTH" not in smtp.sessions[0].transcript().split("STARTTLS")[-1]
