"""The fixtures that all tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Require = Callable[[str], str]


def test_installed_tool(require_tool: Require) -> None:
    """The path of an installed program is executable."""
    assert os.access(require_tool("sh"), os.X_OK)


def test_missing_tool(require_tool: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is not installed skips the test."""
    monkeypatch.delenv("FAKESMTP_TEST_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-tool"):
        require_tool("no-such-tool")


def test_missing_tool_in_ci(require_tool: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    """With FAKESMTP_TEST_ALL=1 a missing program fails the test."""
    monkeypatch.setenv("FAKESMTP_TEST_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool"):
        require_tool("no-such-tool")
