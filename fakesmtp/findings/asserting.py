"""The findings about messages and sessions in one text, for `assert_no_findings`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fakesmtp.findings.checked import CheckedSession, HasFindings
from fakesmtp.findings.rules import read_severity
from fakesmtp.text import plural, show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from fakesmtp.findings.finding import Finding
    from fakesmtp.findings.rules import Rules


class SessionWithFindings(CheckedSession, HasFindings, Protocol):
    """A session that has been checked."""


def describe_findings(
    messages: Sequence[HasFindings],
    sessions: Sequence[SessionWithFindings],
    rules: Rules,
    severity: str,
    ignore: Collection[str] = (),
) -> str:
    """Describe the findings that count, each under what it is about; `""` where there are none.

    `rules` check the sessions together.
    Raises `ConfigurationError` for a severity or a rule that does not exist.
    """
    least = read_severity(severity)
    ignored = {ignore} if isinstance(ignore, str) else set(ignore)
    rules.check_ids(ignored)

    def counted(findings: Sequence[Finding]) -> Iterator[str]:
        for finding in findings:
            if finding.severity.reaches(least) and finding.rule not in ignored:
                yield f"  {show(str(finding))}"

    found = {repr(each): list(counted(each.findings)) for each in (*messages, *sessions)}
    found["all sessions together"] = list(counted(rules.check_sessions(sessions)))
    lines = [line for name, each in found.items() if each for line in (name, *each)]
    number = sum(map(len, found.values()))
    least_named = least if least == "error" else f"{least} or worse"
    return "\n".join([f"{plural(number, 'finding')} ({least_named})", *lines]) if number else ""
