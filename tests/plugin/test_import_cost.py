"""What the plugin costs a run that does not use it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Run = Callable[..., pytest.RunResult]

HEAVY = ("aiosmtpd", "asyncio", "cryptography", "email", "fakesmtp", "ssl")
RUNS = 5
ALLOWED = 2000  # microseconds
SELF_TIME = re.compile(r"import time: +(\d+) \| +\d+ \| +pytest_fakesmtp")

LIST_HEAVY = f"""
import sys
import pytest
before = set(sys.modules)
import pytest_fakesmtp.plugin
added = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(sorted(added & set({HEAVY!r})), sorted(added - {{"pytest_fakesmtp"}}))
"""


def run_python(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter as users do: with compiled modules kept."""
    environment = {
        name: value
        for name, value in os.environ.items()
        # Coverage would be measured along with the rest.
        if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith("COV")
    }
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True
    )


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """On top of pytest, the plugin imports itself and nothing else."""
    assert run_python(tmp_path, "-c", LIST_HEAVY).stdout == "[] []\n"


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
    """Reports, markers, comparisons and settings of frameworks are imported on first use."""
    result = run(
        """
        import sys

        def test_send(fakesmtp, send):
            send(fakesmtp)
            assert len(fakesmtp.messages) == 1

        def test_modules():
            names = {name for name in sys.modules if name.startswith("pytest_fakesmtp.")}
            assert {name.partition(".")[2] for name in names} == {
                "ledger", "options", "plugin", "records", "servers", "view"}
        """,
        in_a_process=True,
    )
    result.assert_outcomes(passed=2)


def test_time(tmp_path: Path) -> None:
    """The plugin's import takes less than 2 ms on top of pytest's, in the best of some runs."""
    times = []
    for _ in range(RUNS):
        done = run_python(tmp_path, "-X", "importtime", "-c", "import pytest_fakesmtp.plugin")
        times.append(sum(int(time) for time in SELF_TIME.findall(done.stderr)))
    assert 0 < min(times) < ALLOWED, f"{times} microseconds"
