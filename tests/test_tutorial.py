"""The program of the tutorial. Other tests run its other samples, with those of all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages import samples_of

if TYPE_CHECKING:
    import pytest


def test_program(capsys: pytest.CaptureFixture[str]) -> None:
    """The program runs and prints the session without the SecretKey."""
    (program,) = (s.code for s in samples_of("docs/tutorial.md", "python") if not s.is_test)
    exec(program, {})  # noqa: S102 - our own page
    assert "C: AUTH PLAIN AppKey=AppKey mailType=ad SecretKey=***" in capsys.readouterr().out
