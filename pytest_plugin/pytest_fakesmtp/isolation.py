"""Isolation: which test messages and sessions belong to, and warnings about late messages."""

from __future__ import annotations

import warnings
from collections import deque
from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTPError
from fakesmtp.messages.message import scope_of_message
from fakesmtp.server import engine_of
from pytest_fakesmtp.failing import fail
from pytest_fakesmtp.options import findings_demand
from pytest_fakesmtp.records import Source, record_of
from pytest_fakesmtp.reporter import report_records
from pytest_fakesmtp.servers import check_late_options
from pytest_fakesmtp.view import FakeSMTPView, ItemScope, RunningTest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fakesmtp import FakeSMTP, ReceivedMessage
    from fakesmtp.findings.demand import Demand
    from fakesmtp.smtp.services import Terms

_NOBODY = RunningTest("", "fakesmtp", 0)


class LateMessageWarning(pytest.PytestWarning):
    """A message arrived after the end of the test that its session belongs to."""


def run_isolation(server: FakeSMTP, config: pytest.Config) -> Iterator[Isolation]:
    """Isolate the tests that share a server: a plugin, registered until the server stops."""
    report_records(config)
    isolation = Isolation(server, config)
    config.pluginmanager.register(isolation)
    yield isolation
    config.pluginmanager.unregister(isolation)
    isolation.finish()


class Isolation:
    """Assigns one server to the tests of a process, one after the other."""

    def __init__(self, server: FakeSMTP, config: pytest.Config) -> None:
        self._engine = engine_of(server)
        self._config = config
        self._between = self._engine.terms
        self._active: ItemScope | None = None
        # This is made in the setup of a test, after `pytest_runtest_setup`; see there.
        self._is_used_directly = True
        #: Messages that did not belong to the active test when they arrived. A test looks at these
        #: alone, not at all that the server keeps.
        self._late: deque[ReceivedMessage] = deque()
        self._stop_watching = server.on_message(self._watch)
        self._demand = findings_demand(config)

    def _watch(self, message: ReceivedMessage) -> None:
        if self._active is None or not self._active.has_message(message):
            self._late.append(message)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note a test that uses the server without a view: its messages are not late.

        Nor are those that a fixture of a wider scope sends before the view of a test is open.
        """
        if "fakesmtp_server" in getattr(item, "fixturenames", ()):
            self._warn_about_late()
            self._is_used_directly = True

    def open(self, request: pytest.FixtureRequest) -> FakeSMTPView:
        """Assign the server to a test, with the terms of its markers; return the test's view."""
        check_late_options(request)
        item = request.node
        path, line, _ = item.location
        test = RunningTest(item.nodeid, path, (line or 0) + 1)
        demand, terms = self._read_terms(item, test)
        scope = self._active = ItemScope(self._engine, test)
        self._engine.change_terms(terms)
        self._warn_about_late()
        endpoint = scope.endpoint
        record_of(item).sources.append(Source(endpoint.host, endpoint.ports, scope.all_sessions))
        view = FakeSMTPView(scope)
        if demand is not None:
            from pytest_fakesmtp.demands import demand_no_findings  # noqa: PLC0415 - few tests do

            demand_no_findings(item, view, demand)
        return view

    def _read_terms(self, item: pytest.Item, test: RunningTest) -> tuple[Demand | None, Terms]:
        """Return which findings fail a test, and the terms of its sessions."""
        try:
            options = _read_markers(item)
            return self._take_demand(options), self._engine.terms_for(test, **options)
        except FakeSMTPError as error:
            fail(f"{item.nodeid}: @pytest.mark.fakesmtp: {error}")
        except pytest.UsageError as error:
            fail(error)

    def _take_demand(self, options: dict[str, Any]) -> Demand | None:
        """Return which findings fail a test; put their rules into the options."""
        demand: Demand | None = options.pop("findings", None) or self._demand
        if demand is None:
            return None
        from pytest_fakesmtp.demands import change_rules  # noqa: PLC0415 - few tests demand anything

        demand = demand.over(self._demand)
        options["findings"] = change_rules(self._between.rules, demand)
        return demand

    def close(self) -> None:
        """End the active test; raise an exception of its callbacks, or a bug of the server."""
        scope, self._active = self._active, None
        if scope is None:
            return
        errors = scope.close()
        self._engine.change_terms(self._between)
        self._engine.forget(scope.test)
        if errors:
            raise errors[0]
        self._engine.raise_failures()

    def finish(self) -> None:
        """Warn about messages that arrived after the last test."""
        self._engine.change_terms(self._between)
        self._stop_watching()
        self._warn_about_late()

    def _warn_about_late(self) -> None:
        """Warn about messages that belong to no active test; forget those of other tests."""
        while self._late:
            message = self._late.popleft()
            scope = scope_of_message(message)
            if scope is not None:
                self._engine.forget(scope)
            if isinstance(scope, RunningTest):
                self._warn(scope, f"a message came after the end of {scope.nodeid}", message)
            elif scope is None and not self._is_used_directly:
                self._warn(_NOBODY, "a message came while no test used `fakesmtp`", message)
        self._is_used_directly = False

    def _warn(self, test: RunningTest, what: str, message: ReceivedMessage) -> None:
        """Record a warning for the test that it belongs to.

        By pytest's hook and not by `warnings.warn`, which would affect the current test: it
        would be named in the summary, and with `-W error` it would fail. xdist passes it on.
        """
        warning = LateMessageWarning(f"{what} and was given to no test: {message!r}")
        kwargs = {
            "warning_message": warnings.WarningMessage(
                warning, LateMessageWarning, test.path, test.line, line=""
            ),
            "when": "runtest",
            "nodeid": test.nodeid,
            "location": None,
        }
        self._config.hook.pytest_warning_recorded.call_historic(kwargs=kwargs)


def _read_markers(item: pytest.Item) -> dict[str, Any]:
    if item.get_closest_marker("fakesmtp") is None:
        return {}
    from pytest_fakesmtp.markers import read_markers  # noqa: PLC0415 - most tests have no marker

    return read_markers(item)
