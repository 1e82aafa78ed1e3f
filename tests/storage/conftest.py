"""A store of each kind, for tests that apply to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stores import KINDS, open_store

from fakesmtp.storage.limits import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakesmtp.storage.base import Store


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return a store of each kind in turn."""
    with open_store(request.param, tmp_path / "messages.db", limits=UNLIMITED) as opened:
        yield opened
