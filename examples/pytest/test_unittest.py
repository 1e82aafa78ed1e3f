"""A `TestCase` class uses the fixture with one line."""

from __future__ import annotations

import smtplib
import unittest
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_fakesmtp import FakeSMTPView


@pytest.mark.usefixtures("fakesmtp_self")
class TestMail(unittest.TestCase):
    """The fixture is `self.fakesmtp`, also in setUp."""

    fakesmtp: FakeSMTPView

    def test_a_message(self) -> None:
        """A message is sent and found."""
        with smtplib.SMTP("localhost", self.fakesmtp.port(587)) as client:
            client.login(*self.fakesmtp.account)
            client.sendmail("a@example.com", ["b@example.com"], "Subject: Hi\r\n\r\nhello\r\n")
        self.assertEqual(self.fakesmtp.wait_for(subject="Hi").text, "hello\n")  # noqa: PT009
