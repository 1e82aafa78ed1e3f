"""Findings as text, JSON, commands of GitHub's workflows, and SARIF."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote as quote_url

from fakesmtp.findings.finding import Severity
from fakesmtp.text import plural, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fakesmtp.findings.finding import Finding
    from fakesmtp.findings.rules import Rules

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
#: What a workflow command escapes in its text, and what else in its properties.
_GITHUB_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_GITHUB_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
#: Languages of the texts.
LANGUAGES = ("en", "ko")


class Checked(NamedTuple):
    """A file with one message, and its findings."""

    file: str
    findings: Sequence[Finding]


class Report(NamedTuple):
    """What was checked, by which rules, and in which language it is written."""

    checked: Sequence[Checked]
    rules: Rules
    language: str = "en"

    def text_of(self, finding: Finding) -> str:
        """Return the sentence of a finding, fit to be shown in a terminal."""
        return show(finding.text_ko if self.language == "ko" else finding.text)

    def totals(self) -> dict[Severity, int]:
        """Return the number of findings of each severity."""
        found = Counter(finding.severity for each in self.checked for finding in each.findings)
        return {severity: found[severity] for severity in Severity}

    def each(self) -> Iterator[tuple[str, Finding]]:
        """Yield each finding with its file."""
        return ((each.file, finding) for each in self.checked for finding in each.findings)


def _as_text(report: Report) -> Iterator[str]:
    for file, finding in report.each():
        place = f"{show(file)}:{finding.where.line or 1}"
        named = f" ({finding.where.header})" if finding.where.header else ""
        yield f"{place}: {finding.severity} {finding.rule}{named}: {report.text_of(finding)}"
    counted = ", ".join(_count(number, severity) for severity, number in report.totals().items())
    yield f"{_count(len(report.checked), 'message')} checked: {counted}"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}" if name == Severity.INFO else plural(number, name)


def _as_json(report: Report) -> Iterator[str]:
    yield _dump(
        {
            "rules_version": report.rules.version,
            "summary": report.totals(),
            "files": [
                {"file": each.file, "findings": [finding.as_json() for finding in each.findings]}
                for each in report.checked
            ],
        }
    )


def _as_github(report: Report) -> Iterator[str]:
    for file, finding in report.each():
        name = file.translate(_GITHUB_PROPERTY)
        text = report.text_of(finding).translate(_GITHUB_TEXT)
        where = f"file={name},line={finding.where.line or 1},title={finding.rule}"
        yield f"::{_GITHUB_COMMANDS[finding.severity]} {where}::{text}"


def _as_sarif(report: Report) -> Iterator[str]:
    rules = report.rules.all
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {
        "name": "fakesmtp",
        "version": report.rules.version,
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "help": {"text": f"{rule.title} ({rule.source})"},
                "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
            }
            for rule in rules
        ],
    }
    results = [_as_result(report, file, finding, index) for file, finding in report.each()]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    yield _dump({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _as_result(
    report: Report, file: str, finding: Finding, index: Mapping[str, int]
) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote_url(file)},
        "region": {"startLine": finding.where.line or 1},
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": report.text_of(finding)},
        "locations": [{"physicalLocation": place}],
    }


def _dump(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


#: The formats by their names; each yields lines.
FORMATS: Mapping[str, Callable[[Report], Iterator[str]]] = {
    "text": _as_text,
    "json": _as_json,
    "github": _as_github,
    "sarif": _as_sarif,
}
