"""Records of tests for their reports, and the hook that adds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_fakesmtp.options import sessions_folder, sessions_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from fakesmtp import Session

_REPORTER = "fakesmtp-reporter"


class Source(NamedTuple):
    """A server of a test: where it listened, and its sessions. Once stopped it has no ports."""

    host: str
    ports: Mapping[int, int]
    sessions: Callable[[], list[Session]]


class Record:
    """The servers of one test, and whether it failed."""

    __slots__ = ("_over", "failed", "shown", "sources")

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.failed = False
        self.shown = False
        self._over: set[str] = set()

    @property
    def sessions(self) -> list[Session]:
        """All sessions of the test, each server's oldest first."""
        return [session for source in self.sources for session in source.sessions()]

    def take_part(self) -> list[Session]:
        """Return the sessions that were open, or have begun, since the last call of this."""
        part = [session for session in self.sessions if session.id not in self._over]
        self._over |= {session.id for session in part if session.closed_by}
        return part


_RECORD = pytest.StashKey[Record]()


def record_of(item: pytest.Item) -> Record:
    """Return the record of a test; it is made on first use."""
    if _RECORD not in item.stash:
        item.stash[_RECORD] = Record()
    return item.stash[_RECORD]


def report_records(config: pytest.Config) -> None:
    """Register the reporter. Idempotent."""
    if not config.pluginmanager.has_plugin(_REPORTER):
        config.pluginmanager.register(Reporter(config), _REPORTER)


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
        record = item.stash.get(_RECORD, None)
        if record is not None:
            record.failed |= report.failed
            if self._running is item:
                self._report_part(record, report)
            elif record.failed or self._mode == "all":
                self._report(item, record, report)
            if report.when == "teardown":
                del item.stash[_RECORD]
        return report

    def _report_part(self, record: Record, report: pytest.TestReport) -> None:
        """Show what happened during one subtest."""
        part = record.take_part()
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
