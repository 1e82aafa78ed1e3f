"""Recorded SMTP sessions."""

from __future__ import annotations

from fakesmtp.recording.events import (
    ClosedBy,
    Event,
    EventKind,
    Message,
    Outcome,
    Phase,
    Refusal,
    TlsFacts,
    Transaction,
)
from fakesmtp.recording.log import SessionLog
from fakesmtp.recording.recorded import Recorded
from fakesmtp.recording.transcript import Session

__all__ = [
    "ClosedBy",
    "Event",
    "EventKind",
    "Message",
    "Outcome",
    "Phase",
    "Recorded",
    "Refusal",
    "Session",
    "SessionLog",
    "TlsFacts",
    "Transaction",
]
