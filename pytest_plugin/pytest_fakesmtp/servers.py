"""Servers that fixtures start and stop."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from fakesmtp import FakeSMTP, FakeSMTPError
from pytest_fakesmtp.records import record_of, report_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp import Session


def make_server(options: dict[str, Any]) -> FakeSMTP:
    """Make a server and forget its options: in a traceback they would show SecretKeys.

    Raises what `FakeSMTP` raises.
    """
    try:
        return FakeSMTP(**options)
    finally:
        options.clear()


def serve(**options: Any) -> Iterator[FakeSMTP]:  # noqa: ANN401 - those of FakeSMTP
    """Run a server; where it cannot be, the tests fail with one sentence that says why."""
    try:
        server = make_server(options).start()
    except FakeSMTPError as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.stop()
    server.raise_failures()


class StartedServer:
    """A server's sessions, and where it listened: once it is stopped it has no ports."""

    def __init__(self, server: FakeSMTP) -> None:
        self._server = server
        self.host = server.host
        self.ports = server.ports

    @property
    def sessions(self) -> list[Session]:
        """The recorded sessions, oldest first."""
        return self._server.sessions


class Factory:
    """Starts servers for one test, and stops them after it."""

    def __init__(self, item: pytest.Item) -> None:
        report_records(item.config)
        self._record = record_of(item)
        self._servers: list[FakeSMTP] = []

    def __call__(self, **options: Any) -> FakeSMTP:  # noqa: ANN401 - those of FakeSMTP
        """Start a server; raises what `FakeSMTP` raises."""
        server = make_server(options).start()
        self._servers.append(server)
        self._record.sources.append(StartedServer(server))
        return server

    def stop(self) -> None:
        """Stop all servers; raises what a callback raised on the way."""
        with ExitStack() as each:
            for server in self._servers:
                each.callback(server.raise_failures)
                each.callback(server.stop)
