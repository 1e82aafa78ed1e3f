"""Servers that fixtures start and stop."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

from fakesmtp import FakeSMTP, FakeSMTPError
from pytest_fakesmtp.records import record_of, report_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from fakesmtp import Session
    from fakesmtp.keywords import ServerOptions


_BLOCKED = (
    "pytest-socket lets no test open a socket, and the server needs some: run pytest with "
    "--allow-hosts=127.0.0.1,::1,localhost, or mark the test with @pytest.mark.enable_socket"
)
_ONE_READER = (
    "eventlet lets no two green threads wait for one socket, as the server does: add "
    "`eventlet.debug.hub_prevent_multiple_readers(False)` to conftest.py, after monkey_patch()"
)


def make_server(options: ServerOptions) -> FakeSMTP:
    """Make a server and forget its options: in a traceback they would show SecretKeys.

    Raises what `FakeSMTP` raises.
    """
    try:
        return FakeSMTP(**options)
    finally:
        cast("dict[str, object]", options).clear()


def start_server(options: ServerOptions) -> FakeSMTP:
    """Start a server; where sockets are blocked, the test fails with one sentence that says so.

    Raises what `FakeSMTP` raises.
    """
    try:
        return make_server(options).start()
    except RuntimeError as error:
        if type(error).__name__ != "SocketBlockedError":
            raise
        pytest.fail(_BLOCKED, pytrace=False)


def serve(**options: Unpack[ServerOptions]) -> Iterator[FakeSMTP]:
    """Run a server; where it cannot be, the tests fail with one sentence that says why."""
    if _eventlet_is_in_the_way():
        pytest.fail(_ONE_READER, pytrace=False)
    try:
        server = start_server(options)
    except FakeSMTPError as error:
        pytest.fail(str(error), pytrace=False)
    yield server
    server.stop()
    server.raise_failures()


def _eventlet_is_in_the_way() -> bool:
    patcher, hub = sys.modules.get("eventlet.patcher"), sys.modules.get("eventlet.hubs.hub")
    if patcher is None or hub is None or not patcher.is_monkey_patched("select"):
        return False
    return bool(hub.g_prevent_multiple_readers)


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

    def __call__(self, **options: Unpack[ServerOptions]) -> FakeSMTP:
        """Start a server; raises what `FakeSMTP` raises."""
        server = start_server(options)
        self._servers.append(server)
        self._record.sources.append(StartedServer(server))
        return server

    def stop(self) -> None:
        """Stop all servers; raises what a callback raised on the way."""
        with ExitStack() as each:
            for server in self._servers:
                each.callback(server.raise_failures)
                each.callback(server.stop)
