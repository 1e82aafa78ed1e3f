"""Certificates are valid in real time, at whatever frozen time they are created."""

from __future__ import annotations

import datetime as dt
import smtplib
from queue import SimpleQueue
from typing import TYPE_CHECKING
from unittest.mock import patch

import freezegun
import pytest
import time_machine

from fakesmtp import FakeSMTP
from fakesmtp.tls import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fakesmtp.sessions import Session

    Freeze = Callable[[], AbstractContextManager[object]]

PAST, FUTURE = dt.datetime(2001, 2, 3), dt.datetime(2045, 6, 7)  # noqa: DTZ001 - what tests freeze


class FrozenDatetime(dt.datetime):
    """A class with which tests replace `datetime.datetime` by hand."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> FrozenDatetime:
        """Return the same time always."""
        return cls(2001, 2, 3, tzinfo=tz)


FREEZES: dict[str, Freeze] = {
    "freezegun, past": lambda: freezegun.freeze_time(PAST),
    "freezegun, future": lambda: freezegun.freeze_time(FUTURE),
    "time-machine, past": lambda: time_machine.travel(PAST, tick=False),
    "time-machine, future": lambda: time_machine.travel(FUTURE, tick=False),
    "datetime patched": lambda: patch("datetime.datetime", FrozenDatetime),
}
frozen = pytest.mark.parametrize("freeze", FREEZES.values(), ids=FREEZES)


def send(server: FakeSMTP) -> None:
    """Send a message with a verifying client."""
    with smtplib.SMTP("localhost", server.port(587), timeout=30) as client:
        client.starttls(context=server.client_context())
        client.login(f"{server.account.app_key}#auth", server.account.secret_key)
        client.sendmail("a@example.com", "b@example.com", "Subject: frozen\r\n\r\n")


@frozen
def test_tls_works_in_frozen_time(freeze: Freeze) -> None:
    """Certificates that are created in frozen time are trusted then and afterwards."""
    with FakeSMTP() as server:
        with freeze():
            send(server)
        send(server)
        assert len(server.messages) == 2


@frozen
def test_a_folder_made_in_frozen_time_is_kept(freeze: Freeze, tmp_path: Path) -> None:
    """A folder that was created in frozen time is in order in real time, and vice versa."""
    with freeze():
        folder = CertificateFolder(tmp_path).ensure()
    made = {path: path.read_bytes() for path in tmp_path.iterdir()}
    folder.ensure()
    with freeze():
        folder.ensure()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == made


@frozen
def test_an_expired_certificate_is_expired_in_real_time(freeze: Freeze) -> None:
    """A planned flaw works in frozen time: clients use the system's clock."""
    ended: SimpleQueue[Session] = SimpleQueue()
    with FakeSMTP() as server, freeze():
        server.on_session_end(ended.put)
        server.faults.fault("tls-handshake", "bad-certificate", certificate="expired")
        with pytest.raises(OSError, match="certificate has expired"):
            send(server)
        assert ended.get(timeout=30).tls is None
