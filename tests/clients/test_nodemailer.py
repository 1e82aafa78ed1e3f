"""Messages that Nodemailer writes by itself."""

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
    """Nodemailer, installed."""
    return require_client("nodemailer")


def test_composed_message(settings: Settings, smtp: FakeSMTP) -> None:
    """What Nodemailer writes and hands to its connection arrives, and says the same."""
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
