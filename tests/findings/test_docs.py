"""`docs/findings.md` is correct: its table is up to date, and its examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from finding_cases.making import ids_of, message

from fakesmtp.cli import main
from fakesmtp.findings import Certainty, Level, Rules

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_table_is_up_to_date() -> None:
    """The table equals the output of `docs/make_findings.py`."""
    scope: dict[str, Any] = {"__name__": "made"}
    exec((ROOT / "docs" / "make_findings.py").read_text(encoding="utf-8"), scope)  # noqa: S102 - our own script
    assert scope["make_page"](PAGE) == PAGE, "run `python docs/make_findings.py`"


def test_example_of_a_test(tmp_path: Path) -> None:
    """The example of a test passes unchanged."""
    (tmp_path / "test_newsletter.py").write_text(EXAMPLES[0], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "1 passed" in run.stdout, run.stdout


def test_commands_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command of the page exists; `lint` has findings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.eml").write_bytes(message(subject="").raw)
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            words = line.partition(" > ")[0].replace("outbox/*.eml", "a.eml").split()[1:]
            if words[0] == "lint":
                assert main(words) == 1
                assert "subject-missing" in capsys.readouterr().out
            else:
                assert main([*words, "--help"]) == 0


def test_example_of_levels() -> None:
    """The example of a server with levels can be created."""
    exec(f"from fakesmtp import FakeSMTP\n{EXAMPLES[1]}", {})  # noqa: S102 - of the page


def test_example_of_a_rule() -> None:
    """The rule of the example finds a message that breaks it."""
    scope: dict[str, Any] = {}
    exec(EXAMPLES[2], scope)  # noqa: S102 - of the page
    rules = Rules({}, scope["RULES"])
    assert ids_of(rules, message(body="Dear customer,\n")) == ["house-greeting"]
    assert ids_of(rules, message(body="Dear Ms Kim,\n")) == []


@pytest.mark.parametrize("word", [*Level, *Certainty])
def test_levels_and_certainties_are_explained(word: str) -> None:
    """The page names each level and each certainty."""
    assert f"`{word}`" in PAGE
