"""Every client delivers through both kinds of ports, and refuses to when it should."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from clients.catalogue import CLIENTS
from clients.exchange import FILE, FILE_NAME, MESSAGE, REAL_NAME, SUBJECT, check_arrival

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
    """A message arrives byte for byte, over a connection that the client has verified."""
    assert client.send(settings, MESSAGE) == ""
    message = check_arrival(smtp, settings)
    (attachment,) = message.attachments
    assert message.subject == SUBJECT
    assert attachment.filename == FILE_NAME
    assert attachment.content == FILE


def check_client_left(smtp: FakeSMTP, session: Session) -> None:
    """Check that the client left without sending credentials or a message."""
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
    """A client that does not trust the server's CA reports an error and sends nothing."""
    error = client.send(replace(settings, ca_file=foreign_ca), MESSAGE)
    assert re.search(client.unknown_authority, error)
    check_client_left(smtp, end_of_session())


@ANY_MECHANISM
@pytest.mark.parametrize("host", ["smtp.example.com"])
@pytest.mark.parametrize("client", CHECKING_NAMES, indirect=True)
def test_wrong_name(
    client: Client, settings: Settings, smtp: FakeSMTP, end_of_session: Callable[[], Session]
) -> None:
    """A client that connects to another name reports an error and sends nothing."""
    assert client.wrong_name is not None
    error = client.send(settings, MESSAGE)
    assert re.search(client.wrong_name, error)
    check_client_left(smtp, end_of_session())


def test_wrong_keys(client: Client, settings: Settings, smtp: FakeSMTP) -> None:
    """A client with a wrong SecretKey reports an authentication error and sends no message."""
    error = client.send(replace(settings, secret_key="wrong"), MESSAGE)
    assert re.search(client.wrong_keys, error)
    (session,) = smtp.sessions
    assert 535 in {refusal.reply.code for refusal in session.refusals}
    assert smtp.messages == []
