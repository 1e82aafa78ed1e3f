"""The helpers that every test may ask for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Require = Callable[[str], str]


def test_a_tool_that_is_there(require_tool: Require) -> None:
    """A program on the path is given as a path that can be run."""
    assert os.access(require_tool("sh"), os.X_OK)


def test_a_tool_that_is_missing(require_tool: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is not on the path skips the test."""
    monkeypatch.delenv("FAKESMTP_TEST_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-tool"):
        require_tool("no-such-tool")


def test_a_missing_tool_in_ci(require_tool: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all tests must run, a missing program is a failure."""
    monkeypatch.setenv("FAKESMTP_TEST_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool"):
        require_tool("no-such-tool")
