"""Python's smtplib beyond a simple delivery."""

from __future__ import annotations

import hashlib
import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from clients.exchange import FILE, FILE_NAME, MESSAGE, RECIPIENTS, SENDER, SUBJECT, check_arrival
from clients.python_clients import log_in, open_smtplib

if TYPE_CHECKING:
    from clients.exchange import Settings

    from fakesmtp import FakeSMTP

PLAIN = pytest.mark.parametrize("mechanism", ["PLAIN"])
ON_STARTTLS = pytest.mark.parametrize("real_port", [587])


def write_message(sender: str = SENDER) -> EmailMessage:
    """Return a message that Python encodes, as most programs do."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(RECIPIENTS)
    message["Subject"] = SUBJECT
    message.set_content("안녕하세요.\n.\n..\n")
    message.add_attachment(FILE, maintype="application", subtype="pdf", filename=FILE_NAME)
    return message


@PLAIN
def test_login(settings: Settings, smtp: FakeSMTP) -> None:
    """`login` reads the mechanisms from the capabilities, and chooses PLAIN."""
    with open_smtplib(settings) as client:
        reply = client.login(settings.user_name, settings.secret_key)
        assert reply == (235, b"Authentication Successful")
        client.sendmail(SENDER, RECIPIENTS, MESSAGE)
    check_arrival(smtp, settings)


def test_no_initial_response(settings: Settings, smtp: FakeSMTP) -> None:
    """Both mechanisms work without an initial response."""
    with open_smtplib(settings) as client:
        log_in(client, settings, initial_response=False)
        client.sendmail(SENDER, RECIPIENTS, MESSAGE)
    check_arrival(smtp, settings)
    assert f"AUTH {settings.mechanism}" in smtp.sessions[0].commands


@PLAIN
def test_send_message(settings: Settings, smtp: FakeSMTP) -> None:
    """A message that Python composes arrives byte for byte, with the same content."""
    written = write_message()
    # This also creates the boundary, which `send_message` then keeps.
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
def test_address_with_non_ascii_letters(settings: Settings, smtp: FakeSMTP) -> None:
    """`send_message` refuses a Korean address, because the server does not offer SMTPUTF8."""
    with open_smtplib(settings) as client:
        log_in(client, settings)
        with pytest.raises(smtplib.SMTPNotSupportedError, match="SMTPUTF8"):
            client.send_message(write_message("보내는이@example.com"))
    assert smtp.messages == []


@PLAIN
@ON_STARTTLS
def test_wrong_keys_then_right_keys(settings: Settings, smtp: FakeSMTP) -> None:
    """A client can log in on the same connection after a wrong SecretKey."""
    with open_smtplib(settings) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as failure:
            client.login(settings.user_name, "wrong")
        assert failure.value.args == (535, b"Authentication Failed")
        client.login(settings.user_name, settings.secret_key)
        client.sendmail(SENDER, RECIPIENTS, MESSAGE)
    check_arrival(smtp, settings)


@PLAIN
@ON_STARTTLS
def test_no_keys(settings: Settings, smtp: FakeSMTP) -> None:
    """All recipients of a client that has not logged in are refused."""
    with open_smtplib(settings) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        client.sendmail(SENDER, RECIPIENTS, MESSAGE)
    reply = (530, b"5.7.1 Authentication Required")
    assert refusal.value.recipients == dict.fromkeys(RECIPIENTS, reply)
    assert smtp.messages == []


AWKWARD = {
    "empty": b"\r\n",
    "NUL": b"Subject: \0\r\n\r\n\0\0\r\n\0",
    "bare LF": b"Subject: a\n\nb\n.\n..\n.c\r\n",
    "bare CR": b"Subject: a\r\n\r\nb\rc\r.\r\r\n",
    "all bytes": b"\r\n" + bytes(range(256)),
    "dots": b".\r\n..\r\n...\r\n.a\r\n..a\r\n\r\n.\r\n",
    "bare LF, dot, CRLF": b"a\r\n\r\nb\n.\r\nMAIL FROM:<c@example.com>\r\n",
    "dot, bare LF": b"a\r\n\r\nb\r\n.\nMAIL FROM:<c@example.com>\r\n",
    "longest line": b"a\r\n\r\n" + b"x" * 8192 + b"\r\n",
}


@PLAIN
@ON_STARTTLS
@pytest.mark.parametrize("raw", AWKWARD.values(), ids=AWKWARD)
def test_unusual_bytes(settings: Settings, smtp: FakeSMTP, raw: bytes) -> None:
    """Bytes that no message should contain arrive unchanged; smtplib ends the last line."""
    with open_smtplib(settings) as client:
        log_in(client, settings)
        client.sendmail(SENDER, RECIPIENTS, raw)
    check_arrival(smtp, settings, raw if raw.endswith(b"\r\n") else raw + b"\r\n")


@PLAIN
@ON_STARTTLS
def test_fifty_mebibytes(settings: Settings, smtp: FakeSMTP) -> None:
    """A message of 50 MiB, random bytes with a fixed seed, arrives complete."""
    raw = hashlib.shake_128(b"a message").digest(50 * 1024 * 1024 - 2) + b"\r\n"
    with open_smtplib(settings) as client:
        log_in(client, settings)
        client.sendmail(SENDER, RECIPIENTS, raw)
    check_arrival(smtp, settings, raw)
