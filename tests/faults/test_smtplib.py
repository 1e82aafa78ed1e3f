"""The exceptions of smtplib for each class of reply at each stage."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fakesmtp import FakeSMTP


def send(smtp: FakeSMTP) -> None:
    """Log in and send a message in plaintext."""
    with smtplib.SMTP("localhost", smtp.port(587), timeout=20) as client:
        client.login("AppKey", "SecretKey")
        client.sendmail("from@example.com", ["to@example.org"], "Subject: hello\r\n\r\nhello\r\n")


#: Stages, and the exception of smtplib for a refusal there.
EXCEPTIONS = [
    ("greeting", smtplib.SMTPConnectError),
    ("ehlo", smtplib.SMTPHeloError),
    ("auth", smtplib.SMTPAuthenticationError),
    ("mail", smtplib.SMTPSenderRefused),
    ("rcpt", smtplib.SMTPRecipientsRefused),
    ("data", smtplib.SMTPDataError),
    ("end-of-data", smtplib.SMTPDataError),
]


@pytest.mark.parametrize(("where", "error"), EXCEPTIONS)
@pytest.mark.parametrize("reply", ["450 4.3.2 Not now", "550 5.7.1 Never"])
def test_refusals(
    smtp: FakeSMTP, where: str, error: type[smtplib.SMTPException], reply: str
) -> None:
    """A temporary or permanent refusal raises the exception of its stage, with the reply."""
    smtp.faults.fail(where, reply=reply)
    with pytest.raises(error) as refused:
        send(smtp)
    code, text = reply.split(" ", 1)
    assert code in str(refused.value)
    assert text in str(refused.value)
    assert smtp.messages == []
    smtp.faults.assert_used()


@pytest.mark.parametrize("where", ["ehlo", "mail", "rcpt", "data", "end-of-data"])
def test_421(smtp: FakeSMTP, where: str) -> None:
    """421 and a closed connection raise an exception of smtplib."""
    smtp.faults.fail(where, reply="421 4.3.2 Going down", close=True)
    with pytest.raises(smtplib.SMTPException):
        send(smtp)
    assert smtp.messages == []


STAGES = ("greeting", "ehlo", "mail", "rcpt", "data", "end-of-data")
SILENT = [(where, what) for where in STAGES for what in ("drop", "garbage", "half-reply")]
SILENT.remove(("end-of-data", "half-reply"))  # see the test below


@pytest.mark.parametrize(("where", "what"), SILENT)
def test_no_reply(smtp: FakeSMTP, where: str, what: str) -> None:
    """Without a complete reply smtplib raises an exception."""
    smtp.faults.fault(where, what)
    with pytest.raises(smtplib.SMTPException):
        send(smtp)
    smtp.faults.assert_used()


def test_half_reply_to_the_message(smtp: FakeSMTP) -> None:
    """Smtplib accepts half of a reply as a complete one, which is correct only for a 250."""
    smtp.faults.fault("end-of-data", "half-reply")
    with smtplib.SMTP("localhost", smtp.port(587), timeout=20) as client:
        client.login("AppKey", "SecretKey")
        assert client.sendmail("from@example.com", ["to@example.org"], "hello") == {}
        client.close()
    assert len(smtp.messages) == 1


def test_late_reply(smtp: FakeSMTP) -> None:
    """A late reply within the timeout of the client is a success."""
    smtp.faults.delay("end-of-data", seconds=0.01)
    send(smtp)
    assert len(smtp.messages) == 1


def test_reply_after_the_timeout_of_the_client(smtp: FakeSMTP) -> None:
    """A client that gives up does not know that its message was kept."""
    smtp.faults.delay("end-of-data", seconds=600)
    with smtplib.SMTP("localhost", smtp.port(587), timeout=20) as client:
        client.login("AppKey", "SecretKey")
        assert client.sock is not None
        client.mail("from@example.com")
        client.rcpt("to@example.org")
        client.putcmd("data")
        client.getreply()
        client.sock.settimeout(0.03)
        client.send(b"Subject: hello\r\n\r\nhello\r\n.\r\n")
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        client.close()
    assert len(smtp.messages) == 1
