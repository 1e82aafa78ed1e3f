"""Planned misbehaviour: rules of where, for whom, when and what; read, asked and applied."""

from __future__ import annotations

from fakesmtp.faults.rules import Rule
from fakesmtp.faults.script import FaultScript
from fakesmtp.faults.words import What, Where

__all__ = ["FaultScript", "Rule", "What", "Where"]
