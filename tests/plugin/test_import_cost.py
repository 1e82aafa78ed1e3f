"""What the plugin loads in a test run that does not use it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]

LIST_LOADED = """
import sys
import pytest
before = set(sys.modules)
import pytest_fakesmtp.plugin
print(*sorted(set(sys.modules) - before))
"""


def test_the_plugin_loads_itself_alone() -> None:
    """Beyond the modules of pytest, the plugin loads two: its package and itself."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["pytest_fakesmtp", "pytest_fakesmtp.plugin"]


def test_a_run_that_sends_no_message(run: Run) -> None:
    """A run without the fixture imports nothing of fakesmtp, with markers and assertions or not."""
    result = run(
        """
        import sys

        def test_modules():
            assert "fakesmtp" not in sys.modules
            assert not [name for name in sys.modules if name.startswith("aiosmtpd")]

        def test_fails():
            assert [1] == [2]

        def test_still():
            assert "fakesmtp" not in sys.modules
            assert sorted(name for name in sys.modules if name.startswith("pytest_fakesmtp")) == [
                "pytest_fakesmtp", "pytest_fakesmtp.plugin"]

        def test_hooks(pytestconfig):
            for when in ("setup", "call", "teardown", "makereport", "logreport"):
                for each in getattr(pytestconfig.hook, f"pytest_runtest_{when}").get_hookimpls():
                    assert "fakesmtp" not in each.function.__module__
        """,
        "-p",
        "no:smtpd",
        in_a_process=True,
    )
    result.assert_outcomes(passed=3, failed=1)


def test_a_test_that_passes(run: Run) -> None:
    """Reports, markers, comparisons and the settings of frameworks are loaded when needed."""
    result = run(
        """
        import sys

        def test_send(fakesmtp, send):
            send(fakesmtp)
            assert len(fakesmtp.messages) == 1

        def test_modules():
            names = {name for name in sys.modules if name.startswith("pytest_fakesmtp.")}
            assert {name.partition(".")[2] for name in names} == {
                "failing", "ledger", "options", "plugin", "records", "reporter", "servers", "view"}
        """,
        in_a_process=True,
    )
    result.assert_outcomes(passed=2)
