"""A server with Mailpit's API, with a store in memory and with one in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import postgres
import pytest
from http_api import Api, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def api(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Api]:
    """Start a server with one account, and its API on a free port; `postgres` is a store, too."""
    with serving(tmp_path / "recordings", store=_URLS[request.param](tmp_path)) as running:
        yield running


_URLS: dict[str, Callable[[Path], str | None]] = {
    "memory": lambda _: None,
    "sqlite": lambda folder: f"sqlite:///{folder / 'messages.db'}",
    "postgres": lambda _: postgres.new_url(),
}
