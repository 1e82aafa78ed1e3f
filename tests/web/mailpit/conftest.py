"""A server with Mailpit's API, with a store in memory and with one in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def api(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Api]:
    """Start a server with one account, and its API on a free port."""
    store = None if request.param == "memory" else f"sqlite:///{tmp_path / 'messages.db'}"
    with serving(tmp_path / "recordings", store=store) as running:
        yield running
