"""The tests in README, docs/ and examples/ pass exactly as printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import PAGES, ROOT, read_page, samples_of
from pytest_fakesmtp import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

TESTS = [
    pytest.param(sample.code, id=f"{page}-{number}")
    for page in PAGES
    if page != "README.ko.md"  # has the same samples as README.md
    for number, sample in enumerate(samples_of(page), 1)
    if sample.is_test
]
EXAMPLES = sorted((ROOT / "examples" / "pytest").glob("test_*.py"))
LIBRARIES = {"test_django.py": "django", "test_flask_mail.py": "flask_mail"}


@pytest.mark.parametrize("code", TESTS)
def test_sample(run: Run, code: str) -> None:
    """Each sample of a page that contains tests passes."""
    run(code).assert_outcomes(passed=code.count("def test_"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(run: Run, path: Path) -> None:
    """Each file of examples/pytest passes."""
    if path.name in LIBRARIES:
        pytest.importorskip(LIBRARIES[path.name])
    source = path.read_text(encoding="utf-8")
    # Django warns of what its next releases remove. The example uses what all releases have.
    quiet = ("-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning")
    result = run(source, "-p", "no:django", *quiet, in_a_process=True)
    result.assert_outcomes(passed=source.count("def test_"))


def test_page_names_every_fixture_and_option() -> None:
    """docs/pytest.md names every fixture and every command-line option of the plugin."""
    fixtures = [name for name in vars(plugin) if re.match(r"(make_)?fakesmtp", name)]
    assert len(fixtures) > 6
    options = re.findall(r"--fakesmtp-[a-z-]+", Path(plugin.__file__).read_text(encoding="utf-8"))
    page = read_page("docs/pytest.md")
    missing = [name for name in {*fixtures, *options} if name not in page]
    assert not missing
