"""Messages that Nodemailer composes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.exchange import FILE, FILE_NAME, RECIPIENTS, SENDER, SUBJECT, check_arrival
from clients.nodemailer import compose

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.exchange import Client, Settings

    from fakesmtp import FakeSMTP


@pytest.fixture(autouse=True)
def nodemailer(require_client: Callable[[str], Client]) -> Client:
    """Return the installed Nodemailer."""
    return require_client("nodemailer")


def test_composed_message(settings: Settings, smtp: FakeSMTP) -> None:
    """A message that Nodemailer composes arrives byte for byte, with the same content."""
    content = {"filename": FILE_NAME, "content": FILE.hex(), "encoding": "hex"}
    sent = compose(
        settings,
        {
            "from": SENDER,
            "to": RECIPIENTS,
            "subject": SUBJECT,
            "text": "안녕하세요.\n.\n..\n",
            "html": "<p>안녕하세요.</p>",
            "attachments": [content],
        },
    )
    message = check_arrival(smtp, settings, sent)
    assert message.subject == SUBJECT
    assert message.text is not None
    assert message.text.rstrip("\n") == "안녕하세요.\n.\n.."
    assert message.html == "<p>안녕하세요.</p>"
    assert message.attachment(FILE_NAME).content == FILE
