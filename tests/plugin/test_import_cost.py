"""The modules that the plugin imports in runs that do not use it."""

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


def test_plugin_imports_only_itself() -> None:
    """Besides the modules of pytest the plugin imports two: its package and itself."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["pytest_fakesmtp", "pytest_fakesmtp.plugin"]


def test_run_without_the_fixture(run: Run) -> None:
    """A run without the fixture does not import fakesmtp, also when an assertion fails."""
    result = run(
        """
        import sys

        def test_modules():
            assert "fakesmtp" not in sys.modules
            assert not [name for name in sys.modules if name.startswith("aiosmtpd")]

        def test_fails():
            assert [1] == [2]

        def test_modules_after_a_failure():
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


def test_run_that_passes(run: Run) -> None:
    """A run that passes does not import reports, markers, comparisons and framework settings."""
    result = run(
        """
        import sys

        def test_send(fakesmtp, send):
            send(fakesmtp)
            assert len(fakesmtp.messages) == 1

        def test_modules():
            names = {name for name in sys.modules if name.startswith("pytest_fakesmtp.")}
            assert {name.partition(".")[2] for name in names} == {
                "failing", "isolation", "options", "plugin", "records", "reporter", "servers",
                "view"}
        """,
        in_a_process=True,
    )
    result.assert_outcomes(passed=2)
