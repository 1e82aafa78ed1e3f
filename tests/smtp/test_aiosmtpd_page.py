"""docs/aiosmtpd.md is correct: its examples run, and its tables are complete."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import aiosmtpd.controller
import pytest
from aiosmtpd.controller import BaseThreadedController, Controller
from aiosmtpd.smtp import SMTP
from handler_servers import AnyPort

from fakesmtp import FakeSMTP, Policy
from fakesmtp.smtp.hooks import HOOKS

PAGE = (Path(__file__).parents[2] / "docs" / "aiosmtpd.md").read_text(encoding="utf-8")
HANDLER, BEFORE, AFTER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", [BEFORE, AFTER], ids=["before", "after"])
def test_examples_run(
    example: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both examples print the same."""
    monkeypatch.setattr(aiosmtpd.controller, "Controller", AnyPort)
    exec(HANDLER + example.replace("port=8025", "port=0"), {"__name__": "sample"})  # noqa: S102 - our own page
    assert capsys.readouterr().out == "message for ['user@example.org']\n"


def test_every_hook_is_on_the_page() -> None:
    """The table of hooks has a row for each hook."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `handle_")]
    for name in (*HOOKS, "exception"):
        assert [row for row in rows if f"handle_{name}(" in row]


def test_the_options_on_the_page_exist() -> None:
    """The table of options has options of aiosmtpd on the left and of fakesmtp on the right."""
    table = PAGE.split("| with `Controller` |")[1].split("\n\n")[0]
    left, right = zip(*re.findall(r"^\| (.*?) \| (.*?) \|$", table, re.MULTILINE), strict=True)
    theirs = {name for each in (SMTP, Controller, BaseThreadedController) for name in options(each)}
    ours = {*options(FakeSMTP), *Policy.names(), "require_auth"}
    assert set(re.findall(r"`(\w+)=", " ".join(left))) <= theirs
    assert set(re.findall(r"`(\w+)=", " ".join(right))) <= ours


def options(kind: type) -> set[str]:
    """Return the options of a class."""
    return set(inspect.signature(kind).parameters)
