"""Findings: which rules of NHN, the law and the standards a message or a session breaks.

Pure: bytes and recorded sessions in, findings out. Nothing here waits, sends or fetches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.findings.finding import Certainty, Finding, Severity, Where
    from fakesmtp.findings.reading import MessageReading
    from fakesmtp.findings.rule import Hit, MessageRule, Rule, SessionRule, SessionsRule, hit
    from fakesmtp.findings.rules import Level, Rules, default_rules, read_levels

__all__ = [
    "Certainty",
    "Finding",
    "Hit",
    "Level",
    "MessageReading",
    "MessageRule",
    "Rule",
    "Rules",
    "SessionRule",
    "SessionsRule",
    "Severity",
    "Where",
    "default_rules",
    "hit",
    "read_levels",
]

#: Where each name lives. A server starts without what checks messages.
_HOMES = {
    "Certainty": "finding",
    "Finding": "finding",
    "Hit": "rule",
    "Level": "rules",
    "MessageReading": "reading",
    "MessageRule": "rule",
    "Rule": "rule",
    "Rules": "rules",
    "SessionRule": "rule",
    "SessionsRule": "rule",
    "Severity": "finding",
    "Where": "finding",
    "default_rules": "rules",
    "hit": "rule",
    "read_levels": "rules",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
