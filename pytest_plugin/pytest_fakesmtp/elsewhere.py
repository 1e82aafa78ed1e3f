"""Tests on a server that runs elsewhere: each has an account of its own there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from fakesmtp import FakeSMTPError
from pytest_fakesmtp.failing import fail
from pytest_fakesmtp.options import findings_demand
from pytest_fakesmtp.records import Record, Source, record_of
from pytest_fakesmtp.reporter import report_records
from pytest_fakesmtp.view import FakeSMTPView

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from fakesmtp import Session
    from fakesmtp.client import FakeSMTPClient
    from fakesmtp.client.scope import RemoteScope

#: The options of the marker that can be had without changing the server.
_POSSIBLE = frozenset({"faults", "findings"})


def connect(url: str) -> Iterator[FakeSMTPClient]:
    """Connect to a running server; where that fails, tests fail with one sentence."""
    try:
        from fakesmtp.client import FakeSMTPClient  # noqa: PLC0415 - it needs httpx

        client = FakeSMTPClient(url)
        _ = client.ports
    except FakeSMTPError as error:
        fail(f"--fakesmtp-url: {error}")
    with client:
        yield client


def run_elsewhere(client: FakeSMTPClient, config: pytest.Config) -> Iterator[Elsewhere]:
    """Separate the tests that share the server, and show their sessions in reports."""
    report_records(config)
    yield Elsewhere(client, config)


class Elsewhere:
    """Gives each test an account of a running server, one after the other."""

    def __init__(self, client: FakeSMTPClient, config: pytest.Config) -> None:
        self._client = client
        self._demand = findings_demand(config)
        self._test: _Test | None = None

    def open(self, request: pytest.FixtureRequest) -> FakeSMTPView:
        """Return the view of a test on its account, with the faults of its markers."""
        item = request.node
        options = _read_options(item)
        scope = self._client.new_scope()
        scope.when_closed = (
            f"this `fakesmtp` was for {item.nodeid}, which is over: ask for the fixture in the "
            "test at hand"
        )
        self._test = _Test(scope, record_of(item))
        view = FakeSMTPView(scope)
        demand = options.get("findings") or self._demand
        try:
            if "faults" in options:
                view.faults.add(*options["faults"].rules)
        except FakeSMTPError as error:
            fail(f"{item.nodeid}: @pytest.mark.fakesmtp: {error}")
        if demand is not None:
            from pytest_fakesmtp.demands import demand_no_findings  # noqa: PLC0415 - few tests do

            demand_no_findings(item, view, demand)
        return view

    def close(self) -> None:
        """End the account of the active test; raise what its callbacks raised."""
        test, self._test = self._test, None
        if test is not None:
            test.close()
            self._client.raise_failures()


class _Test:
    """The account of one test, and its sessions for the report."""

    def __init__(self, scope: RemoteScope, record: Record) -> None:
        self._scope = scope
        self._record = record
        self._last: list[Session] | None = None
        record.sources.append(Source(scope.endpoint.host, scope.endpoint.ports, self._sessions))

    def _sessions(self) -> list[Session]:
        return self._scope.sessions if self._last is None else self._last

    def close(self) -> None:
        """End the account; its sessions go with it, so they are read before."""
        self._last = self._scope.sessions
        self._scope.close()


def _read_options(item: pytest.Item) -> dict[str, Any]:
    """Return the options of a test's markers; one that would change the server fails the test."""
    if item.get_closest_marker("fakesmtp") is None:
        return {}
    from pytest_fakesmtp.markers import read_markers  # noqa: PLC0415 - most tests have no marker

    options = read_markers(item)
    impossible = sorted(options.keys() - _POSSIBLE)
    if impossible:
        _reject(item, impossible[0])
    return options


def _reject(item: pytest.Item, option: str) -> NoReturn:
    fail(
        f"{item.nodeid}: @pytest.mark.fakesmtp({option}=…) would change a server that runs "
        "elsewhere, for all its tests: run this test without --fakesmtp-url and --fakesmtp-shared"
    )
