"""Planned misbehaviour: rules of where, for whom, when and what; read, asked and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.script import FaultScript, PlannedFault
    from fakesmtp.faults.words import What, Where

__all__ = ["FaultScript", "PlannedFault", "Rule", "What", "Where"]

_HOMES = {
    "FaultScript": "script",
    "PlannedFault": "script",
    "Rule": "rules",
    "What": "words",
    "Where": "words",
}
__getattr__ = lazily(__name__, _HOMES)
