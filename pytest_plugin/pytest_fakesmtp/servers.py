"""Servers that fixtures start and stop."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from fakesmtp import FakeSMTP, FakeSMTPError
from pytest_fakesmtp.records import Source, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def serve(**options: Any) -> Iterator[FakeSMTP]:  # noqa: ANN401 - those of FakeSMTP
    """Run a server; where it cannot be, the tests fail with one sentence that says why."""
    try:
        server = FakeSMTP(**options).start()
    except FakeSMTPError as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.stop()
    server.raise_failures()


class Factory:
    """Starts servers for one test, and stops them after it."""

    def __init__(self, item: pytest.Item) -> None:
        self._record = record_of(item)
        self._servers: list[FakeSMTP] = []

    def __call__(self, **options: Any) -> FakeSMTP:  # noqa: ANN401 - those of FakeSMTP
        """Start a server; raises what `FakeSMTP` raises."""
        server = FakeSMTP(**options).start()
        self._servers.append(server)
        # Its ports of now: a server that is stopped when the test is over has none.
        ports = server.ports
        self._record.sources.append(Source(server.host, lambda: ports, lambda: server.sessions))
        return server

    def stop(self) -> None:
        """Stop all servers; raises what a callback raised on the way."""
        with ExitStack() as each:
            for server in self._servers:
                each.callback(server.raise_failures)
                each.callback(server.stop)
