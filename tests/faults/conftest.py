"""A server for each test of faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = ("AppKey", "SecretKey")


@pytest.fixture
def smtp() -> Iterator[FakeSMTP]:
    """Start a server with one account."""
    with FakeSMTP(ports={587: 0, 465: 0}, accounts=[KEYS]) as server:
        yield server
