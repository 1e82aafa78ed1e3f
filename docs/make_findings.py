"""Write the table of `findings.md`: every rule with its source and certainty.

Run it after changing a rule: `python docs/make_findings.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp.findings.catalogue import RULES, VERSION
from fakesmtp.findings.rule import MessageRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.findings.rule import Rule

NAME = "findings.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"


def make_page(page: str) -> str:
    """Return the page with a new table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{make_table()}{END}{after}"


def make_table() -> str:
    """Return the tables of all rules, by subject."""
    lines = [f"Version {VERSION} of the rules, {len(RULES)} of them.", ""]
    for title, rules in _groups():
        lines += [f"### {title}", "", _row("rule", "severity", "finding", "source", "certainty")]
        lines += ["|---|---|---|---|---|", *map(_describe, rules), ""]
    return "\n".join(lines)


def _groups() -> Iterator[tuple[str, list[Rule]]]:
    of_messages = [rule for rule in RULES if isinstance(rule, MessageRule)]
    yield "Messages of one type", [rule for rule in of_messages if rule.mail_types is not None]
    yield "All messages", [rule for rule in of_messages if rule.mail_types is None]
    yield "Sessions", [rule for rule in RULES if not isinstance(rule, MessageRule)]


def _describe(rule: Rule) -> str:
    types = sorted(rule.mail_types or ()) if isinstance(rule, MessageRule) else []
    named = f"`{rule.id}`" + (f" ({', '.join(types)})" if types else "")
    severity = str(rule.severity) if rule.is_on else f"{rule.severity}, off"
    return _row(named, severity, f"{rule.title}<br>{rule.title_ko}", rule.source, rule.certainty)


def _row(*cells: str) -> str:
    escaped = (cell.replace("|", "\\|").replace("<https", "\\<https") for cell in cells)
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    path = Path(__file__).with_name(NAME)
    path.write_text(make_page(path.read_text(encoding="utf-8")), encoding="utf-8")
