"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# A busy machine is no failure: no test asserts on a time.
settings.register_profile("fakesmtp", deadline=None)
settings.load_profile("fakesmtp")


def find_tool(name: str) -> str:
    """The path of the program `name`; without it the test is skipped, and under CI it fails."""
    path = shutil.which(name)
    if path is None:
        missing = f"{name} is not installed; .ci/run installs it"
        if os.environ.get("FAKESMTP_TEST_ALL") == "1":
            pytest.fail(f"{missing} (FAKESMTP_TEST_ALL=1 allows no skipping)")
        pytest.skip(missing)
    return path


@pytest.fixture(scope="session", autouse=True)
def store_in_memory() -> Iterator[None]:
    """Servers on the command line leave the store of the user's own server alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKESMTP_STORE", "memory")
        yield


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """`require_tool("swaks")` gives the program's path, or skips the test."""
    return find_tool
