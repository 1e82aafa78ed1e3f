"""What users of Python's own client meet besides a plain delivery."""

from __future__ import annotations

import hashlib
import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from clients.exchange import FILE, FILE_NAME, MAIL, RECIPIENTS, SENDER, SUBJECT, check_arrival
from clients.python_clients import log_in, open_smtplib

if TYPE_CHECKING:
    from clients.exchange import Settings

    from fakesmtp import FakeSMTP

PLAIN = pytest.mark.parametrize("mechanism", ["PLAIN"])
ON_STARTTLS = pytest.mark.parametrize("real_port", [587])


def write_message(sender: str = SENDER) -> EmailMessage:
    """A message as a program writes it: all encoding is left to Python."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(RECIPIENTS)
    message["Subject"] = SUBJECT
    message.set_content("안녕하세요.\n.\n..\n")
    message.add_attachment(FILE, maintype="application", subtype="pdf", filename=FILE_NAME)
    return message


@PLAIN
def test_login(settings: Settings, smtp: FakeSMTP) -> None:
    """`login` finds the mechanisms in the capabilities, and takes PLAIN."""
    with open_smtplib(settings) as client:
        assert client.login(settings.user_name, settings.secret_key)[0] == 235
        client.sendmail(SENDER, RECIPIENTS, MAIL)
    check_arrival(smtp, settings)


def test_no_initial_response(settings: Settings, smtp: FakeSMTP) -> None:
    """Both mechanisms work when the client waits for each challenge."""
    with open_smtplib(settings) as client:
        log_in(client, settings, initial_response=False)
        client.sendmail(SENDER, RECIPIENTS, MAIL)
    check_arrival(smtp, settings)
    assert f"AUTH {settings.mechanism}" in smtp.sessions[0].commands


@PLAIN
def test_send_message(settings: Settings, smtp: FakeSMTP) -> None:
    """A message that Python writes arrives as Python wrote it, and says the same."""
    written = write_message()
    # Writing it also gives it its boundary, which `send_message` then keeps.
    raw = written.as_bytes(policy=written.policy.clone(linesep="\r\n"))
    with open_smtplib(settings) as client:
        log_in(client, settings)
        client.send_message(written)
    message = check_arrival(smtp, settings, raw)
    assert message.subject == SUBJECT
    assert message.text == "안녕하세요.\n.\n..\n"
    assert message.attachment(FILE_NAME).content == FILE


@PLAIN
@ON_STARTTLS
def test_address_beyond_ascii(settings: Settings, smtp: FakeSMTP) -> None:
    """`send_message` finds no SMTPUTF8, so it sends no message of a Korean address."""
    with open_smtplib(settings) as client:
        log_in(client, settings)
        with pytest.raises(smtplib.SMTPNotSupportedError, match="SMTPUTF8"):
            client.send_message(write_message("보내는이@example.com"))
    assert smtp.messages == []


@PLAIN
@ON_STARTTLS
def test_wrong_keys_then_right_keys(settings: Settings, smtp: FakeSMTP) -> None:
    """After a wrong SecretKey the same connection may try again."""
    with open_smtplib(settings) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as failure:
            client.login(settings.user_name, "wrong")
        assert failure.value.smtp_code == 535
        client.login(settings.user_name, settings.secret_key)
        client.sendmail(SENDER, RECIPIENTS, MAIL)
    check_arrival(smtp, settings)


@PLAIN
@ON_STARTTLS
def test_no_keys(settings: Settings, smtp: FakeSMTP) -> None:
    """A client that has not logged in has all its recipients refused."""
    with open_smtplib(settings) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        client.sendmail(SENDER, RECIPIENTS, MAIL)
    answer = (530, b"5.7.1 Authentication Required")
    assert refusal.value.recipients == dict.fromkeys(RECIPIENTS, answer)
    assert smtp.messages == []


AWKWARD = {
    "nothing": b"\r\n",
    "NUL": b"Subject: \0\r\n\r\n\0\0\r\n\0",
    "lone LF": b"Subject: a\n\nb\n.\n..\n.c\r\n",
    "lone CR": b"Subject: a\r\n\r\nb\rc\r.\r\r\n",
    "all bytes": b"\r\n" + bytes(range(256)),
    "dots": b".\r\n..\r\n...\r\n.a\r\n..a\r\n\r\n.\r\n",
    "lone LF, dot, CRLF": b"a\r\n\r\nb\n.\r\nMAIL FROM:<c@example.com>\r\n",
    "dot, lone LF": b"a\r\n\r\nb\r\n.\nMAIL FROM:<c@example.com>\r\n",
    "longest line": b"a\r\n\r\n" + b"x" * 8192 + b"\r\n",
}


@PLAIN
@ON_STARTTLS
@pytest.mark.parametrize("raw", AWKWARD.values(), ids=AWKWARD)
def test_awkward_bytes(settings: Settings, smtp: FakeSMTP, raw: bytes) -> None:
    """Bytes that no message should have arrive all the same; smtplib ends the last line."""
    with open_smtplib(settings) as client:
        log_in(client, settings)
        client.sendmail(SENDER, RECIPIENTS, raw)
    check_arrival(smtp, settings, raw if raw.endswith(b"\r\n") else raw + b"\r\n")


@PLAIN
@ON_STARTTLS
def test_fifty_mebibytes(settings: Settings, smtp: FakeSMTP) -> None:
    """A message of 50 MiB of any bytes, the same in every run, arrives whole."""
    raw = hashlib.shake_128(b"a message").digest(50 * 1024 * 1024 - 2) + b"\r\n"
    with open_smtplib(settings) as client:
        log_in(client, settings)
        client.sendmail(SENDER, RECIPIENTS, raw)
    check_arrival(smtp, settings, raw)
