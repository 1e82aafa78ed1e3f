"""The commands of an app are kept in a file next to the test, so that a change is noticed.

`order_message.txt` is the session as it was last approved. `UPDATE_SNAPSHOTS=1 pytest` writes it
again; review the difference in version control like any other change. With syrupy it is one line:
 `assert session.transcript(normalize=True) == snapshot`.
"""

from __future__ import annotations

import os
import smtplib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_fakesmtp import FakeSMTPView

SNAPSHOT = Path(__file__).with_name("order_message.txt")


def send_order_message(smtp: FakeSMTPView) -> None:
    """Send a message, in place of the app under test."""
    with smtplib.SMTP("localhost", smtp.port(587)) as client:
        client.starttls(context=smtp.client_context())
        client.login(smtp.account.username("auth"), smtp.account.secret_key)
        client.sendmail("shop@example.com", ["kim@example.com"], "Subject: Order\r\n\r\n1 hat\r\n")


def test_the_order_message_is_sent_as_before(fakesmtp: FakeSMTPView) -> None:
    """The same dialogue gives the same text on every machine, port and date."""
    send_order_message(fakesmtp)
    transcript = fakesmtp.sessions[0].transcript(normalize=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(transcript, encoding="utf-8")
    assert transcript == SNAPSHOT.read_text(encoding="utf-8")
