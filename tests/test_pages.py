"""Documentation pages: links resolve, and every sample is run by a test."""

from __future__ import annotations

import posixpath
from collections import Counter

import pytest
from pages import PAGES, ROOT, anchors_of, links_of, read_page, samples_of

#: Samples that are not tests of pytest, by page and language. The tests that run them:
#: tests/test_readme.py, tests/cli/test_samples.py, tests/faults/test_docs.py,
#: tests/findings/test_docs.py, tests/sessions/test_docs.py, tests/smtp/test_aiosmtpd_page.py,
#: tests/storage/test_docs.py, tests/test_tutorial.py, tests/web/own/test_docs.py,
#: tests/web/pages/test_docs.py.
#: A sample without a language is a diagram, or output that the text describes.
OTHERS = {
    "README.md": {"sh": 3, "text": 2},
    "README.ko.md": {"sh": 3, "text": 2},
    "CONTRIBUTING.md": {"python": 1, "sh": 3},
    "docs/aiosmtpd.md": {"python": 3},
    "docs/faults.md": {"toml": 1, "sh": 1},
    "docs/findings.md": {"python": 2, "sh": 2, "text": 1, "toml": 1},
    "docs/http.md": {"sh": 1, "text": 1, "js": 1, "python": 1},
    "docs/page.md": {"python": 1},
    "docs/sessions.md": {"python": 1, "text": 1, "json": 1},
    "docs/store.md": {"sh": 1},
    "docs/tutorial.md": {"python": 1, "sh": 6},
}


@pytest.mark.parametrize("page", PAGES)
def test_every_sample_has_a_test(page: str) -> None:
    """A new sample that is not a pytest test needs a test, and a change of the table above."""
    others = (sample for sample in samples_of(page) if sample.language and not sample.is_test)
    assert Counter(sample.language for sample in others) == OTHERS.get(page, {})


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    """Every relative link has an existing file and heading as its target."""
    missing = [link for link in links_of(page) if "://" not in link and not resolves(page, link)]
    assert missing == []


def resolves(page: str, link: str) -> bool:
    """Return whether the target of a relative link exists."""
    path, _, anchor = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    return (ROOT / target).exists() and (not anchor or anchor in anchors_of(target))


def test_readmes_are_equal() -> None:
    """The Korean README has the samples and links of the English one, in the same order."""
    assert samples_of("README.ko.md") == samples_of("README.md")
    korean, english = links_of("README.ko.md"), links_of("README.md")
    assert (korean[0], english[0]) == ("README.md", "README.ko.md")
    assert korean[1:] == english[1:]
    assert read_page("README.ko.md").count("\n## ") == read_page("README.md").count("\n## ")
