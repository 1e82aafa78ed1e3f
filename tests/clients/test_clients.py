"""Every client delivers through both kinds of ports, and knows when it must not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from clients.catalogue import CLIENTS
from clients.exchange import FILE, FILE_NAME, MAIL, REAL_NAME, SUBJECT, check_arrival

from fakesmtp.sessions import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clients.exchange import Client, Settings

    from fakesmtp import FakeSMTP
    from fakesmtp.sessions.transcript import Session

ANY_MECHANISM = pytest.mark.parametrize("mechanism", ["PLAIN"])
CHECKING_NAMES = [name for name, client in CLIENTS.items() if client.wrong_name is not None]


@pytest.mark.parametrize("host", ["localhost", REAL_NAME])
def test_delivery(client: Client, settings: Settings, smtp: FakeSMTP) -> None:
    """A message arrives byte for byte, by a connection that the client has verified."""
    assert client.send(settings, MAIL) == ""
    message = check_arrival(smtp, settings)
    (attachment,) = message.attachments
    assert message.subject == SUBJECT
    assert attachment.filename == FILE_NAME
    assert attachment.content == FILE


def check_nothing_was_trusted(smtp: FakeSMTP, session: Session) -> None:
    """See that the client went away with its keys and its message."""
    assert session.closed_by in {ClosedBy.TLS, ClosedBy.CLIENT, ClosedBy.RESET}
    assert session.login is None
    assert not [line for line in session.commands if line.upper().startswith("AUTH")]
    assert smtp.messages == []


@ANY_MECHANISM
def test_unknown_authority(
    client: Client,
    settings: Settings,
    smtp: FakeSMTP,
    foreign_ca: Path,
    end_of_session: Callable[[], Session],
) -> None:
    """A client that does not trust the server's authority says so and sends nothing."""
    complaint = client.send(replace(settings, ca_file=foreign_ca), MAIL)
    assert re.search(client.unknown_authority, complaint)
    check_nothing_was_trusted(smtp, end_of_session())


@ANY_MECHANISM
@pytest.mark.parametrize("host", ["smtp.example.com"])
@pytest.mark.parametrize("client", CHECKING_NAMES, indirect=True)
def test_wrong_name(
    client: Client, settings: Settings, smtp: FakeSMTP, end_of_session: Callable[[], Session]
) -> None:
    """A client that asked for another server says so and sends nothing."""
    assert client.wrong_name is not None
    complaint = client.send(settings, MAIL)
    assert re.search(client.wrong_name, complaint)
    check_nothing_was_trusted(smtp, end_of_session())


def test_wrong_keys(client: Client, settings: Settings, smtp: FakeSMTP) -> None:
    """A client with a wrong SecretKey reports its own authentication error and sends nothing."""
    complaint = client.send(replace(settings, secret_key="wrong"), MAIL)
    assert re.search(client.wrong_keys, complaint)
    (session,) = smtp.sessions
    assert 535 in {refusal.reply.code for refusal in session.refusals}
    assert smtp.messages == []
