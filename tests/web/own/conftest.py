"""Servers with each kind of store, and sending, for tests of our API."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving
from raw_client import PATIENCE
from scenarios import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp import ServerOptions

    Send = Callable[..., str]

_TEXT = "Subject: {subject}\r\nTo: b@example.com\r\n\r\n{body}\r\n"


@pytest.fixture
def options() -> ServerOptions:
    """Return more options of the server; a test replaces them by parameters."""
    return {}


@pytest.fixture(params=["memory", "file"])
def api(request: pytest.FixtureRequest, tmp_path: Path, options: ServerOptions) -> Iterator[Api]:
    """Start a server with each kind of store."""
    url = f"sqlite:///{tmp_path / 'store.db'}" if request.param == "file" else None
    with serving(tmp_path / "recordings", store=url, **options) as running:
        yield running


@pytest.fixture
def send(api: Api) -> Send:
    """Return `send("subject")`, which sends a message and returns when it is stored."""

    def send(subject: str, body: str = "hello", keys: tuple[str, str] = KEYS) -> str:
        with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as client:
            client.login(*keys)
            text = _TEXT.format(subject=subject, body=body)
            client.sendmail("a@example.com", ["b@example.com"], text.encode())
        return api.smtp.wait_for(subject=subject).id

    return send
