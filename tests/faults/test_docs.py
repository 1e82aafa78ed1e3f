"""The page of faults has every word, and its file can be read."""

from __future__ import annotations

import re
from pathlib import Path

from fakesmtp.faults.checks import CHECKS
from fakesmtp.faults.words import FLAWS, REPLACING, Stage, What

from fakesmtp.faults.limits import LIMITS
from fakesmtp.faults.loading import read_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


def test_every_word_is_on_the_page() -> None:
    """Places, faults, flaws, limits, the words of rules and the scripts are described."""
    scripts = [path.name for path in (ROOT / "examples" / "faults").iterdir()]
    words = [*map(str, Stage), *map(str, What), *FLAWS, *LIMITS, *CHECKS, *scripts]
    assert [word for word in words if not re.search(rf"`{re.escape(word)}\b", PAGE)] == []


def test_what_replaces_is_on_the_page() -> None:
    """The page names exactly those faults that are the last to be asked."""
    (listed,) = re.findall(r"The first that replaces it \((.*?)\)", PAGE)
    assert set(re.findall(r"`([^`]+)`", listed)) == {str(what) for what in REPLACING}


def test_the_file_on_the_page(tmp_path: Path) -> None:
    """The file on the page is read."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "faults.toml"
    path.write_text(example, encoding="utf-8")
    first, *limits = read_file(path)
    assert first.name == "greylisting"
    assert len(limits) == 2
