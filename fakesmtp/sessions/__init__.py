"""Recorded SMTP sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.sessions.causes import ClosedBy
    from fakesmtp.sessions.contents import Message, Phase, TlsFacts
    from fakesmtp.sessions.events import Event
    from fakesmtp.sessions.facts import Refusal
    from fakesmtp.sessions.log import SessionLog
    from fakesmtp.sessions.session import Session
    from fakesmtp.sessions.transactions import Outcome, Transaction

__all__ = [
    "ClosedBy",
    "Event",
    "Message",
    "Outcome",
    "Phase",
    "Refusal",
    "Session",
    "SessionLog",
    "TlsFacts",
    "Transaction",
]

#: The module of each name. A server starts without the modules that read recordings.
_HOMES = {
    "ClosedBy": "causes",
    "Event": "events",
    "Message": "contents",
    "Outcome": "transactions",
    "Phase": "contents",
    "Refusal": "facts",
    "Session": "session",
    "SessionLog": "log",
    "TlsFacts": "contents",
    "Transaction": "transactions",
}
__getattr__, __dir__ = lazily(__name__, _HOMES)
