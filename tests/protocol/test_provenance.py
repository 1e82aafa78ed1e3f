"""Every reply is in the profile and nowhere else, with a provenance."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from runpy import run_path

import pytest
from scenarios import GOLDEN

from fakesmtp.protocol.nhn import AS_RECORDED, NHN_CLOUD_EMAIL, Profile
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.rows import Provenance, Row

ROOT = Path(__file__).parents[2]
ROWS = dict(NHN_CLOUD_EMAIL.rows())
PRINTED = "".join((GOLDEN / f"auth-{name}.txt").read_text() for name in ("plain", "login"))


def recorded_lines() -> set[str]:
    """Return every recorded reply line."""
    scenarios = map(json.loads, (GOLDEN / "golden-3.6.2.jsonl").read_text().strip().split("\n"))
    steps = [step for scenario in scenarios for step in scenario["steps"]]
    return {line for step in steps for line in step["expect"] or []}


RECORDED = recorded_lines()


def pattern(row: Row) -> str:
    """Return a pattern for the last line of a row's reply."""
    last = f"{row.code} {row.text}".split("\n")[-1]
    return re.sub(r"\\{\w+\\}", ".*", re.escape(last))


def test_rows_of_a_profile_can_be_changed() -> None:
    """The other rows are NHN's. An unknown row is named in the error."""
    changed = Profile(greeting=NHN_CLOUD_EMAIL.noop_done)
    assert changed.greeting is NHN_CLOUD_EMAIL.noop_done
    assert changed.quit_done is NHN_CLOUD_EMAIL.quit_done
    assert [name for name, _ in changed.rows()] == list(ROWS)
    with pytest.raises(TypeError, match="salute"):
        Profile(salute=NHN_CLOUD_EMAIL.greeting)


@pytest.mark.parametrize("name", ROWS)
def test_every_row_has_a_provenance(name: str) -> None:
    """A row names its source and has one of the three provenances."""
    row = ROWS[name]
    assert row.provenance in Provenance
    assert row.source


@pytest.mark.parametrize("name", [n for n, r in ROWS.items() if r.provenance == "documented"])
def test_documented_rows_are_printed_in_the_guide(name: str) -> None:
    """Documented replies are in the transcripts of the guide."""
    first = f"{ROWS[name].code}.{re.escape(ROWS[name].text.split(chr(10))[0])}"
    assert re.search(re.sub(r"\\{\w+\\}", ".*", first), PRINTED)


@pytest.mark.parametrize("name", [n for n, r in ROWS.items() if r.source.startswith("recorded:")])
def test_derived_rows_were_recorded(name: str) -> None:
    """Recorded replies are in the recorded transcripts, word for word."""
    assert any(re.fullmatch(pattern(ROWS[name]), line) for line in RECORDED)


def test_every_recorded_line_has_a_row() -> None:
    """No recorded reply is missing from the profile."""
    patterns = [pattern(row) for _, row in AS_RECORDED.rows()]
    capabilities = {c.line for c in NHN_CLOUD_EMAIL.capabilities}
    unknown = [
        line
        for line in RECORDED
        if line[4:] not in capabilities
        and not line.startswith("250-smtp-mail.nhncloudservice.com Hello ")
        and not any(re.fullmatch(p, line, re.DOTALL) for p in patterns)
    ]
    assert unknown == []


def test_no_reply_text_is_outside_the_profile() -> None:
    """No other module has a string that is, or ends like, a reply of the profile."""
    texts = {row.text for row in ROWS.values() if len(row.text) > len("2.0.0 OK")}
    for path in (ROOT / "fakesmtp").rglob("*.py"):
        # Faults send replies that the endpoint does not send.
        if path.name in {"nhn.py", "faults.py"} or path.parent.name == "faults":
            continue
        constants = [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert [c for c in constants if c in texts or re.match(r"[245]\d\d \d\.\d\.\d \w", c)] == []


def test_fidelity_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """`docs/fidelity.md` equals the output of `docs/make_fidelity.py`."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    make_page = run_path(str(ROOT / "docs" / "make_fidelity.py"))["make_page"]
    page = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    assert page == make_page(), "run `python docs/make_fidelity.py`"


def test_every_assumed_row_and_switch_is_on_the_fidelity_page() -> None:
    """The page has every assumed row and every switch."""
    page = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    for name, row in ROWS.items():
        assert f"`{name}`" in page
        assert row.source in page
    for name in Policy.names():
        assert f"`{name}`" in page
