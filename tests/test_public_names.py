"""The public names are exactly those that the documentation describes."""

from __future__ import annotations

import re
from inspect import get_annotations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_fakesmtp

import fakesmtp
import fakesmtp.faults
import fakesmtp.findings
import fakesmtp.messages
import fakesmtp.sessions
import fakesmtp.tls

if TYPE_CHECKING:
    from types import ModuleType

DOCS = Path(__file__).parents[1] / "docs"
VERBS = {
    *("messages", "sessions", "wait_for", "wait_for_count", "wait_for_async", "take"),
    *("expect_none", "expect_none_async", "clear", "duplicates", "on_message", "on_session_end"),
    *("fail", "delay", "fault", "faults", "assert_faults_used", "assert_no_findings"),
    *(
        "new_account",
        "account",
        "address",
        "ca_file",
        "client_context",
        "env",
        "host",
        "port",
        "ports",
    ),
}
#: Names that only these classes have.
OWN = {
    fakesmtp.FakeSMTP: {"listeners", "raise_failures", "start", "stop"},
    fakesmtp.AccountView: set(),
    pytest_fakesmtp.FakeSMTPView: {"django_settings", "flask_mail_settings"},
}


def read_code(*pages: str) -> str:
    """Return the code of pages, in blocks and in lines."""
    text = "\n".join((DOCS / page).read_text(encoding="utf-8") for page in pages)
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def list_public(kind: type) -> set[str]:
    """Return the public attributes of a class and of its instances."""
    annotated = {name for base in kind.__mro__ for name in get_annotations(base)}
    return {name for name in {*dir(kind), *annotated} if not name.startswith("_")}


def find_missing(names: set[str], code: str) -> list[str]:
    """Return the names that do not occur in the code as whole words."""
    return sorted(name for name in names if not re.search(rf"(?<!\w){name}(?!\w)", code))


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_verbs_are_the_same(kind: type) -> None:
    """The server, the fixture and an account have the same names, and few additional ones."""
    assert list_public(kind) == VERBS | OWN[kind]


@pytest.mark.parametrize(
    "kind",
    [*OWN, fakesmtp.ReceivedMessage, fakesmtp.Session, fakesmtp.FaultScript, fakesmtp.PlannedFault],
    ids=lambda kind: kind.__name__,
)
def test_attributes_are_documented(kind: type) -> None:
    """Every public attribute is documented."""
    code = read_code("pytest.md", "sessions.md", "faults.md")
    assert find_missing(list_public(kind), code) == []


@pytest.mark.parametrize("package", [fakesmtp, pytest_fakesmtp], ids=lambda each: each.__name__)
def test_names_of_a_package_are_documented(package: object) -> None:
    """Every public name of a package exists and is documented."""
    names = set(package.__all__)  # type: ignore[attr-defined]
    assert find_missing(names, read_code(*(path.name for path in DOCS.glob("*.md")))) == []
    assert [name for name in names if not hasattr(package, name)] == []


@pytest.mark.parametrize(
    "package",
    [
        pytest_fakesmtp,
        fakesmtp,
        fakesmtp.faults,
        fakesmtp.findings,
        fakesmtp.messages,
        fakesmtp.sessions,
        fakesmtp.tls,
    ],
    ids=lambda each: each.__name__,
)
def test_names_of_a_package_are_listed(package: ModuleType) -> None:
    """`dir` lists every public name of a package, so that a shell can complete them."""
    assert set(package.__all__) <= set(dir(package))
