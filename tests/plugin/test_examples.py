"""The examples for pytest run as they are printed: in docs/pytest.md and in examples/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_fakesmtp import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = sorted((ROOT / "examples" / "pytest").glob("test_*.py"))
LIBRARIES = {"test_django.py": "django", "test_flask_mail.py": "flask_mail"}


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_page(run: Run, number: int) -> None:
    """Each example on the page passes."""
    result = run(BLOCKS[number])
    result.assert_outcomes(passed=BLOCKS[number].count("def test_"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example(run: Run, path: Path) -> None:
    """Each file of examples passes."""
    if path.name in LIBRARIES:
        pytest.importorskip(LIBRARIES[path.name])
    source = path.read_text(encoding="utf-8")
    # Django announces what its next releases do away with; the example shows what all have.
    quiet = ("-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning")
    result = run(source, "-p", "no:django", *quiet, in_a_process=True)
    result.assert_outcomes(passed=source.count("def test_"))


def test_the_page_names_everything() -> None:
    """Every fixture and option is on the page."""
    fixtures = [name for name in vars(plugin) if re.match(r"(make_)?fakesmtp", name)]
    assert len(fixtures) > 6
    options = re.findall(r"--fakesmtp-[a-z-]+", Path(plugin.__file__).read_text(encoding="utf-8"))
    missing = [name for name in {*fixtures, *options} if name not in PAGE]
    assert not missing
