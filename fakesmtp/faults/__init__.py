"""Planned faults: rules of a stage, a kind, conditions and a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.faults.rules import Rule
    from fakesmtp.faults.script import FaultScript, PlannedFault
    from fakesmtp.faults.stages import Stage

__all__ = ["FaultScript", "PlannedFault", "Rule", "Stage"]

_HOMES = {
    "FaultScript": "script",
    "PlannedFault": "script",
    "Rule": "rules",
    "Stage": "stages",
}
__getattr__, __dir__ = lazily(__name__, _HOMES)
