"""Recorded SMTP sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.recording.causes import ClosedBy
    from fakesmtp.recording.events import Event, EventKind, Message, Phase, TlsFacts
    from fakesmtp.recording.facts import Refusal
    from fakesmtp.recording.log import SessionLog
    from fakesmtp.recording.recorded import Recorded
    from fakesmtp.recording.transactions import Outcome, Transaction
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

#: Where each name lives. A server starts without what reads a recording.
_HOMES = {
    "ClosedBy": "causes",
    "Event": "events",
    "EventKind": "events",
    "Message": "events",
    "Outcome": "transactions",
    "Phase": "events",
    "Recorded": "recorded",
    "Refusal": "facts",
    "Session": "transcript",
    "SessionLog": "log",
    "TlsFacts": "events",
    "Transaction": "transactions",
}
__getattr__ = lazily(__name__, _HOMES)
