"""Tests that fail for findings: the marker's option `findings`, and ini's `fakesmtp_findings`.

Only runs in which something is demanded load this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakesmtp.findings import default_rules
from pytest_fakesmtp.failing import fail

if TYPE_CHECKING:
    from collections.abc import Generator

    from fakesmtp.findings import Rules
    from fakesmtp.findings.demand import Demand
    from pytest_fakesmtp.view import FakeSMTPView

_CHECKER = "fakesmtp-findings"
_DEMANDED = pytest.StashKey[tuple["FakeSMTPView", str]]()


def change_rules(rules: Rules | None, demand: Demand) -> Rules | None:
    """Return the rules of a test: those of its server with the levels that are demanded."""
    return (rules or default_rules()).changed(demand.levels) if demand.levels else rules


def demand_no_findings(item: pytest.Item, view: FakeSMTPView, demand: Demand) -> None:
    """Fail a test that passes with findings that count."""
    if demand.severity is None or demand.is_off:
        return
    item.stash[_DEMANDED] = view, demand.severity
    plugins = item.config.pluginmanager
    if not plugins.has_plugin(_CHECKER):
        plugins.register(_Checker(), _CHECKER)


class _Checker:
    """The plugin that checks a test at its end, before its fixtures go."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Look at the findings of a test that has passed."""
        result = yield
        view, severity = item.stash.get(_DEMANDED, (None, ""))
        if view is not None:
            try:
                view.assert_no_findings(severity)
            except AssertionError as error:
                fail(str(error))
        return result
