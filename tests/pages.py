"""The pages of documentation: their text, code samples and links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
#: Every page that a user reads, as a path from the root.
PAGES = (
    *("README.md", "README.ko.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Sample(NamedTuple):
    """A fenced code block."""

    language: str
    code: str

    @property
    def is_test(self) -> bool:
        """Whether the sample is a file of pytest tests."""
        return self.language == "python" and "def test_" in self.code


def read_page(name: str) -> str:
    """Return the text of a page, for instance "docs/pytest.md"."""
    return (ROOT / name).read_text(encoding="utf-8")


def samples_of(name: str, language: str | None = None) -> list[Sample]:
    """Return the samples of a page in order: all, or those of one language."""
    samples = [Sample(*found) for found in _FENCE.findall(read_page(name))]
    return [sample for sample in samples if language in {None, sample.language}]


def links_of(name: str) -> list[str]:
    """Return the targets of a page's links, in order."""
    return _LINK.findall(_FENCE.sub("", read_page(name)))


def anchors_of(name: str) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", read_page(name)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
