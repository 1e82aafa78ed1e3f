"""A PostgreSQL server for benchmarks: Debian's, in a temporary folder, as the tests start it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TESTS = Path(__file__).parents[1] / "tests"


@contextmanager
def run_server() -> Iterator[Any]:
    """Run a server, a `Server` of `tests/postgres.py`, until the block ends."""
    sys.path.append(str(_TESTS))
    from postgres import Server  # noqa: PLC0415 - a helper of the tests

    server = Server.make()
    try:
        yield server
    finally:
        server.remove()


def new_database(server: Any, name: str) -> str:  # noqa: ANN401 - see `run_server`
    """Create a database; return its address."""
    server.execute(f"CREATE DATABASE {name}")
    url: str = server.url(name)
    return url
