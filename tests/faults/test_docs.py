"""docs/faults.md describes everything that a rule can have, and its file can be loaded."""

from __future__ import annotations

import re
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING

from fakesmtp.faults.kinds import FLAWS, KINDS
from fakesmtp.faults.loading import read_file
from fakesmtp.faults.rules import RULE_OPTIONS

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


def test_tables_are_those_of_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of stages, kinds and limits equal the output of `docs/make_faults.py`."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    make_page = run_path(str(ROOT / "docs" / "make_faults.py"))["make_page"]
    assert make_page(PAGE) == PAGE, "run `python docs/make_faults.py`"
    assert PAGE.count("| `reply` | the server replies `reply`; the command is not executed") == 1


def test_every_option_is_on_the_page() -> None:
    """The page describes options, flaws and ready-made scripts."""
    scripts = [path.name for path in (ROOT / "examples" / "faults").iterdir()]
    names = [*RULE_OPTIONS, *FLAWS, *scripts]
    assert [name for name in names if not re.search(rf"`{re.escape(name)}\b", PAGE)] == []


def test_kinds_that_replace_the_reply_are_on_the_page() -> None:
    """The page names exactly the kinds that end the evaluation of rules."""
    (listed,) = re.findall(r"The first rule that replaces the reply \((.*?)\)", PAGE)
    replacing = [kind.name for kind in KINDS.values() if kind.act is not None]
    assert re.findall(r"`([^`]+)`", listed) == replacing


def test_file_on_the_page(tmp_path: Path) -> None:
    """The file on the page can be loaded."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "faults.toml"
    path.write_text(example, encoding="utf-8")
    first, *limits = read_file(path)
    assert first.name == "greylisting"
    assert len(limits) == 2
