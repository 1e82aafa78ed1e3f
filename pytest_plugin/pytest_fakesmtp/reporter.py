"""The hooks that add the sessions of tests to their reports, and shorten tracebacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_fakesmtp.options import sessions_folder, sessions_mode
from pytest_fakesmtp.records import RECORD, Record

if TYPE_CHECKING:
    from collections.abc import Generator

_REPORTER = "fakesmtp-reporter"


def report_records(config: pytest.Config) -> None:
    """Register the reporter, and what shortens tracebacks. Idempotent."""
    if not config.pluginmanager.has_plugin(_REPORTER):
        config.pluginmanager.register(Reporter(config), _REPORTER)
        config.pluginmanager.register(Shortener(config))


class Reporter:
    """Adds sessions to reports. Runs without sessions do not register it: its hook costs time."""

    def __init__(self, config: pytest.Config) -> None:
        self._mode = sessions_mode(config)
        self._folder = sessions_folder(config)
        self._running: pytest.Item | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note which test runs: a report during it is of one of its subtests."""
        self._running = item
        try:
            return (yield)
        finally:
            self._running = None

    # `trylast` is innermost: the hooks of a user's conftest.py see the sessions in the report.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the SMTP sessions of a test to its report; forget them after its last report."""
        report = yield
        record = item.stash.get(RECORD, None)
        if record is not None:
            record.failed |= report.failed
            if self._running is item:
                self._report_part(record, report)
            elif record.failed or self._mode == "all":
                self._report(item, record, report)
            if report.when == "teardown":
                del item.stash[RECORD]
        return report

    def _report_part(self, record: Record, report: pytest.TestReport) -> None:
        """Show what happened during one subtest."""
        part = record.take_new_sessions()
        if report.failed and self._mode != "none":
            from pytest_fakesmtp.report import make_part  # noqa: PLC0415 - tests that pass do without

            report.sections += make_part(part, is_whole=self._mode == "all")

    def _report(self, item: pytest.Item, record: Record, report: pytest.TestReport) -> None:
        from pytest_fakesmtp.report import (  # noqa: PLC0415 - as above
            add_sections,
            write_sessions,
        )

        add_sections(record, report, self._mode)
        if report.when == "teardown" and self._folder is not None and self._mode != "none":
            write_sessions(self._folder, item.nodeid, record.sessions)


class Shortener:
    """Shortens tracebacks of our errors, also for `--pdb`, unless `--full-trace` is given."""

    def __init__(self, config: pytest.Config) -> None:
        self._shows_all = bool(config.getoption("fulltrace"))

    def pytest_runtest_makereport(self, call: pytest.CallInfo[object]) -> None:
        """Shorten the traceback before the report is made.

        Not in a wrapper: pytest's plugin for unittest sets `call.excinfo` in a hook before this.
        """
        if call.excinfo is not None and not self._shows_all:
            from pytest_fakesmtp.tracebacks import (  # noqa: PLC0415 - as above
                shorten_traceback,
            )

            shorten_traceback(call.excinfo.value)
