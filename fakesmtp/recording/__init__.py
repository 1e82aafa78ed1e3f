"""Recorded SMTP sessions."""

from __future__ import annotations

from fakesmtp.recording.transcript import (
    ClosedBy,
    Event,
    EventKind,
    Refusal,
    Session,
    SessionLog,
    TlsFacts,
)

__all__ = ["ClosedBy", "Event", "EventKind", "Refusal", "Session", "SessionLog", "TlsFacts"]
