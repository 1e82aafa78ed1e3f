"""Servers that fixtures start and stop."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

from fakesmtp import ConfigurationError, FakeSMTP, FakeSMTPError
from pytest_fakesmtp.failing import fail
from pytest_fakesmtp.records import Source, record_of
from pytest_fakesmtp.reporter import report_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Unpack

    from fakesmtp import ServerOptions

#: The options that the shared server runs with.
_OPTIONS = pytest.StashKey["ServerOptions"]()
_BLOCKED = (
    "pytest-socket lets no test open a socket, and the server needs some: run pytest with "
    "--allow-hosts=127.0.0.1,::1,localhost, or mark the test with @pytest.mark.enable_socket"
)
_ONE_READER = (
    "eventlet lets no two green threads wait for one socket, as the server does: add "
    "`eventlet.debug.hub_prevent_multiple_readers(False)` to conftest.py, after monkey_patch()"
)


def make_server(options: ServerOptions) -> FakeSMTP:
    """Create a server and clear its options: in a traceback they would show SecretKeys.

    Raises the errors of `FakeSMTP`.
    """
    try:
        return FakeSMTP(**options)
    finally:
        cast("dict[str, object]", options).clear()


def start_server(options: ServerOptions) -> FakeSMTP:
    """Start a server; where sockets are blocked, the test fails with one sentence that says so.

    Raises the errors of `FakeSMTP`.
    """
    try:
        return make_server(options).start()
    except RuntimeError as error:
        if type(error).__name__ != "SocketBlockedError":
            raise
        fail(_BLOCKED)


def serve(request: pytest.FixtureRequest) -> Iterator[FakeSMTP]:
    """Run the shared server; if it cannot run, the tests fail with one sentence that says why."""
    if _eventlet_is_in_the_way():
        fail(_ONE_READER)
    # In no local variable: a traceback would show SecretKeys.
    request.config.stash[_OPTIONS] = _read_options(request.getfixturevalue("fakesmtp_options"))
    try:
        server = start_server({**request.config.stash[_OPTIONS]})
    except ConfigurationError as error:
        fail(f"fakesmtp_options: {error}")
    except FakeSMTPError as error:
        fail(error)
    yield server
    server.stop()
    server.raise_failures()


def check_late_options(request: pytest.FixtureRequest) -> None:
    """Fail a test whose `fakesmtp_options` are not those that the shared server runs with."""
    started = request.config.stash.get(_OPTIONS, None)
    if started is None:  # the fixture `fakesmtp_server` is the user's own
        return
    names = _find_differences(started, _read_options(request.getfixturevalue("fakesmtp_options")))
    if names:
        fail(
            f"{request.node.nodeid}: fakesmtp_options of this test came too late: the shared "
            f"server already runs with another value of {', '.join(names)}. Override the fixture "
            "once, in the conftest.py at the top; for some tests alone use "
            "@pytest.mark.fakesmtp(…) or make_fakesmtp(…)"
        )


def _find_differences(started: ServerOptions, wanted: ServerOptions) -> list[str]:
    """Name the options that differ; `==` is used only if the values are not identical."""
    one, other = cast("Mapping[str, object]", started), cast("Mapping[str, object]", wanted)
    names = one.keys() | other.keys() if one is not other else ()
    return sorted(n for n in names if (n in one) != (n in other) or one[n] != other[n])


def _read_options(given: object) -> ServerOptions:
    """Return the value of the fixture `fakesmtp_options` if it can be; otherwise fail."""
    if not isinstance(given, dict):
        fail(
            "fakesmtp_options must return a dictionary of options, not a value of type "
            f'{type(given).__name__} (example: {{"require_tls": True}})'
        )
    if given.get("faults") is not None:
        fail(
            "fakesmtp_options cannot have 'faults', because each test has faults of its own: use "
            "@pytest.mark.fakesmtp(faults=…), or plan them in the test"
        )
    return cast("ServerOptions", given)


def _eventlet_is_in_the_way() -> bool:
    patcher, hub = sys.modules.get("eventlet.patcher"), sys.modules.get("eventlet.hubs.hub")
    if patcher is None or hub is None or not patcher.is_monkey_patched("select"):
        return False
    return bool(hub.g_prevent_multiple_readers)


class Factory:
    """Starts servers for one test, and stops them after it."""

    def __init__(self, item: pytest.Item) -> None:
        report_records(item.config)
        self._record = record_of(item)
        self._servers: list[FakeSMTP] = []

    def __call__(self, **options: Unpack[ServerOptions]) -> FakeSMTP:
        """Start a server; raises the errors of `FakeSMTP`."""
        server = start_server(options)
        self._servers.append(server)
        self._record.sources.append(Source(server.host, server.ports, lambda: server.sessions))
        return server

    def stop(self) -> None:
        """Stop all servers; raise an exception of a callback."""
        with ExitStack() as each:
            for server in self._servers:
                each.callback(server.raise_failures)
                each.callback(server.stop)
