"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import postgres
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# A slow machine must not fail a test, so hypothesis has no deadline.
settings.register_profile("fakesmtp", deadline=None)
settings.load_profile("fakesmtp")


def find_tool(name: str) -> str:
    """Return the path of a program; without it skip the test, or fail it with all tests on."""
    # Debian keeps servers such as HAProxy where only root's PATH has them.
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        missing = f"{name} is not installed; .ci/run installs it"
        if os.environ.get("FAKESMTP_TEST_ALL") == "1":
            pytest.fail(f"{missing} (FAKESMTP_TEST_ALL=1 does not allow skipping)")
        pytest.skip(missing)
    return path


@pytest.fixture(scope="session", autouse=True)
def store_in_memory() -> Iterator[None]:
    """Let servers on the command line use memory, not the store of the user's own server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKESMTP_STORE", "memory")
        yield


@pytest.fixture(scope="session", autouse=True)
def stop_postgres() -> Iterator[None]:
    """Stop the PostgreSQL server of the run after the last test that needs it."""
    yield
    postgres.release()


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """Return a function that returns a program's path, or skips the test."""
    return find_tool
