"""A choice of rules: levels, versions, own rules, errors."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from finding_cases.making import ad, ids_of, message

from fakesmtp import ConfigurationError, FakeSMTP
from fakesmtp.findings import Certainty, MessageRule, Rules, Severity, default_rules, hit
from fakesmtp.findings.catalogue import RULES
from fakesmtp.findings.demand import Demand, read_demand
from fakesmtp.findings.rules import read_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from fakesmtp.findings import Finding, Hit, MessageReading

NO_DATE = message(header={"Date": None})


def _rule(**changes: Any) -> MessageRule:  # noqa: ANN401 - any of the fields
    given = {
        "id": "greeting",
        "severity": "warning",
        "certainty": "advice",
        "source": "our house style",
        "text": "the subject {subject} has no greeting; begin it with Hello",
        "text_ko": "제목 {subject}에 인사말이 없습니다",
        "check": _check_greeting,
    }
    return MessageRule(**{**given, **changes})


def _check_greeting(message: MessageReading) -> Iterator[Hit]:
    if not message.subject.startswith("Hello"):
        yield hit(message.at_field(message.field("subject")), subject=message.subject)


def _one(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("info", "info"),
        ("warning", "warning"),
        ("error", "error"),
        ("reject", "error"),
        ("on", "warning"),
    ],
)
def test_level_sets_the_severity(level: str, severity: str) -> None:
    """A rule has the severity of its level; `reject` has the severity `error`."""
    assert _one(Rules({"date-missing": level}, RULES).check_message(NO_DATE)).severity == severity


def test_rules_can_be_switched_off_and_on() -> None:
    """A rule that is off has no findings, also a rule that is off by default."""
    assert ids_of(Rules({"date-missing": "off"}, RULES), NO_DATE) == []
    no_reply = message(header={"From": "no-reply@example.com"})
    assert ids_of(Rules({}, RULES), no_reply) == []
    assert ids_of(Rules({"no-reply-sender": "on"}, RULES), no_reply) == ["no-reply-sender"]


def test_order_of_findings() -> None:
    """Findings are sorted by severity, then by the order of the rules."""
    found = default_rules().check_message(ad("x", "x\n", header={"Date": None}))
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=list(Severity).index)
    assert [found[0].rule, found[-1].rule] == ["ad-subject-prefix", "ad-postal-address"]


def test_only_rules_that_reject_refuse() -> None:
    """The refusal is the first finding of a rule with the level `reject`."""
    rules = Rules({"date-missing": "reject"}, RULES)
    assert rules.rejects
    assert not default_rules().rejects
    refusal = rules.find_refusal(message(subject="", header={"Date": None}))
    assert refusal is not None
    assert refusal.rule == "date-missing"
    assert rules.find_refusal(message(subject="")) is None


def test_rule_reports_at_most_ten_places() -> None:
    """A message with thousands of bad links has ten findings for them."""
    body = "".join(f"http://example.com/{number}\n" for number in range(1000))
    assert ids_of(default_rules(), message(body=body)) == ["link-http"] * 10


def test_version_of_a_choice() -> None:
    """The version depends on levels and rules, and is the same in every process."""
    assert Rules({}, RULES).version == "1"
    off = Rules({"date-missing": "off"}, RULES)
    own = Rules({}, [*RULES, _rule()])
    assert len({Rules({}, RULES).version, off.version, own.version}) == 3
    assert off.version == Rules({"date-missing": "off"}, RULES).version == "1+35d2a8ba"


def test_own_rule() -> None:
    """A rule is a record; the values of a hit are inserted into its texts."""
    finding = _one(Rules({}, [_rule()]).check_message(message(subject="hi")))
    assert str(finding) == (
        "warning greeting (Subject, line 6): the subject hi has no greeting; begin it with Hello "
        "[our house style]"
    )
    assert finding.text_ko == "제목 hi에 인사말이 없습니다"
    assert (finding.severity, finding.certainty) == (Severity.WARNING, Certainty.ADVICE)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": "Ad Phone"}, "id of a rule must be lower-case words with hyphens, not 'Ad Phone'"),
        (
            {"severity": "fatal"},
            "severity of the rule 'greeting' must be one of 'error', .*'fatal'",
        ),
        ({"certainty": "maybe"}, "certainty of the rule 'greeting' must be one of .*'maybe'"),
    ],
)
def test_wrong_rule(changes: dict[str, str], error: str) -> None:
    """A rule with a wrong field is an error that names the rule and the value."""
    with pytest.raises(ConfigurationError, match=error):
        _rule(**changes)


def test_text_without_its_value() -> None:
    """A text with a value that the check does not give is an error that names both."""
    with pytest.raises(ConfigurationError, match=r"rule 'greeting' has \{name\}, and its check"):
        Rules({}, [_rule(text="no {name}")]).check_message(message())


def test_server_knows_its_own_rules_only() -> None:
    """An own rule can be named before the first session; a rule that is not checked cannot."""
    with FakeSMTP(ports={587: 0}, findings=Rules({}, [_rule()])) as server:
        server.expect_none(findings="greeting")
        server.assert_no_findings(ignore=["greeting"])
        with pytest.raises(ConfigurationError, match=r"no rule 'ad-phone'\. The rules are gre"):
            server.new_account().expect_none(findings=["greeting", "ad-phone"])


def test_two_rules_with_one_id() -> None:
    """Two rules with the same id are an error."""
    with pytest.raises(ConfigurationError, match="two rules have the id 'date-missing'"):
        Rules({}, [*RULES, _rule(id="date-missing")])


@pytest.mark.parametrize("word", ["date-missing", "=off", "date-missing=", ""])
def test_wrong_levels_as_text(word: str) -> None:
    """A text that is not `rule=level` is an error with an example."""
    with pytest.raises(ConfigurationError, match="is not of the form rule=level"):
        read_levels([word])


def test_demand() -> None:
    """A demand is a severity and levels in any order, separated by spaces or commas."""
    demand = read_demand("link-http=off, warning\n date-missing=error")
    assert demand == Demand("warning", {"link-http": "off", "date-missing": "error"})
    assert read_demand("") == Demand(None, {})
    assert read_demand("link-http=on").over(demand) == Demand(
        "warning", {"link-http": "on", "date-missing": "error"}
    )
    assert read_demand("off").over(demand).is_off


MODULE = """
from fakesmtp.findings import MessageRule, hit

def check(message):
    if "cheap" in message.said:
        yield hit()

RULES = [
    MessageRule(
        id="no-cheap", severity="error", certainty="advice", source="our style",
        text="the word cheap", text_ko="cheap이라는 단어", check=check,
    )
]
NOT_A_RULE = 5
"""
RUN = """
from fakesmtp.findings import MessageReading, default_rules
raw = b"Subject: a\\r\\n\\r\\ncheap\\r\\n"
print([f.text for f in default_rules().check_message(MessageReading(raw)) if f.rule == "no-cheap"])
"""


def _run_with_entry_point(folder: Path, value: str) -> subprocess.CompletedProcess[str]:
    """Run Python with an installed package that has an entry point."""
    (folder / "my_rules.py").write_text(MODULE, encoding="utf-8")
    info = folder / "my_rules-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-rules\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[fakesmtp.findings]\nmine = {value}\n")
    return subprocess.run(
        [sys.executable, "-c", RUN],
        env={"PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_rules_of_a_package(tmp_path: Path) -> None:
    """Rules of the entry point group `fakesmtp.findings` are checked, too."""
    run = _run_with_entry_point(tmp_path, "my_rules:RULES")
    assert (run.stdout, run.stderr) == ("['the word cheap']\n", "")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (
            "my_rules:NOT_A_RULE",
            "is 5; it must be a MessageRule, a SessionRule, or a list or tuple",
        ),
        ("my_rules:MISSING", "cannot be loaded: module 'my_rules' has no attribute 'MISSING'"),
        ("nowhere:RULES", "cannot be loaded: No module named 'nowhere'"),
    ],
)
def test_wrong_entry_point(tmp_path: Path, value: str, error: str) -> None:
    """An entry point that is not a rule is an error that names it."""
    run = _run_with_entry_point(tmp_path, value)
    assert f"the entry point mine = {value} of fakesmtp.findings {error}" in run.stderr
