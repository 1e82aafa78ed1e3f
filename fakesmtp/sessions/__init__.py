"""Recorded SMTP sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.sessions.causes import ClosedBy
    from fakesmtp.sessions.events import Event, EventKind, Message, Phase, TlsFacts
    from fakesmtp.sessions.facts import Refusal
    from fakesmtp.sessions.log import SessionLog
    from fakesmtp.sessions.recorded import Recorded
    from fakesmtp.sessions.transactions import Outcome, Transaction
    from fakesmtp.sessions.transcript import Session

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
