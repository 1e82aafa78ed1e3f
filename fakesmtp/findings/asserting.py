"""`assert_no_findings`, for everything that has messages and sessions. Loads no rules by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.text import show

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from fakesmtp.findings.checked import HasFindings, SessionWithFindings
    from fakesmtp.findings.finding import Finding


class Checked:
    """What has messages and sessions, and can check them."""

    @property
    def messages(self) -> Sequence[HasFindings]:
        """The messages that are here, oldest first."""
        raise NotImplementedError

    @property
    def sessions(self) -> Sequence[SessionWithFindings]:
        """The sessions that are here, oldest first."""
        raise NotImplementedError

    def assert_no_findings(self, severity: str = "error", *, ignore: Collection[str] = ()) -> None:
        """Raise AssertionError when a message or session has a finding; it lists all of them.

        `severity` is the least that counts: `error`, `warning` or `info`. `ignore` are the ids of
        rules that do not count. Raises `ConfigurationError` for another severity or rule.
        """
        __tracebackhide__ = True
        text = describe_findings(self, severity, ignore)
        if text:
            raise AssertionError(text)


def describe_findings(checked: Checked, severity: str, ignore: Collection[str] = ()) -> str:
    """Describe the findings that count, each under what it is about; `""` where there are none.

    Raises `ConfigurationError` for a severity or a rule that does not exist.
    """
    from fakesmtp.findings import rules  # noqa: PLC0415 - lazily: see the module

    least = rules.read_severity(severity)
    messages, sessions = checked.messages, checked.sessions
    used = next((each.rules for each in sessions if each.rules), rules.default_rules())
    ignored = {ignore} if isinstance(ignore, str) else set(ignore)
    used.check_ids(ignored)

    def counted(findings: Sequence[Finding]) -> Iterator[str]:
        for finding in findings:
            if finding.severity.reaches(least) and finding.rule not in ignored:
                yield f"  {show(str(finding))}"

    found = {repr(each): list(counted(each.findings)) for each in (*messages, *sessions)}
    found["all sessions together"] = list(counted(used.check_sessions(sessions)))
    lines = [line for name, each in found.items() if each for line in (name, *each)]
    number = sum(map(len, found.values()))
    least_named = least if least == "error" else f"{least} or worse"
    return "\n".join([f"{number} findings ({least_named})", *lines]) if number else ""
