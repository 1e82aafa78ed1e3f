"""Servers in this process that share a database, and an API for each."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import postgres
import pytest
from http_api import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from http_api import Api


@pytest.fixture
def url() -> str:
    """Return the address of an empty schema."""
    return postgres.new_url()


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Return a function that starts one more server on the same database."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serving(tmp_path, store=url, **options))
