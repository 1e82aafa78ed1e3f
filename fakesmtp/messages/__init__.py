"""Received messages: their content, and the conditions that select one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily
from fakesmtp.protocol.actions import Envelope

if TYPE_CHECKING:
    from fakesmtp.messages.matching import Conditions, Mismatch, nearest_miss
    from fakesmtp.messages.message import ReceivedMessage
    from fakesmtp.messages.parts import Attachment, Contents

__all__ = [
    "Attachment",
    "Conditions",
    "Contents",
    "Envelope",
    "Mismatch",
    "ReceivedMessage",
    "nearest_miss",
]

#: Module of each name. A server starts without the modules that parse and compare messages.
_HOMES = {
    "Attachment": "parts",
    "Conditions": "matching",
    "Contents": "parts",
    "Mismatch": "matching",
    "ReceivedMessage": "message",
    "nearest_miss": "matching",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
