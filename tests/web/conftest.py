"""A server with its HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Start a server with one account that records, and its API on a free port."""
    with serving(tmp_path / "recordings") as running:
        yield running
