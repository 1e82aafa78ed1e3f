"""A mail as it arrived, what it says, and how to say which mail one means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily
from fakesmtp.protocol.actions import Envelope

if TYPE_CHECKING:
    from fakesmtp.mail.matching import Conditions, Mismatch, nearest_miss
    from fakesmtp.mail.message import ReceivedMail
    from fakesmtp.mail.parts import Attachment, Contents

__all__ = [
    "Attachment",
    "Conditions",
    "Contents",
    "Envelope",
    "Mismatch",
    "ReceivedMail",
    "nearest_miss",
]

#: Where each name lives. A server starts without what takes mails apart and compares them.
_HOMES = {
    "Attachment": "parts",
    "Conditions": "matching",
    "Contents": "parts",
    "Mismatch": "matching",
    "ReceivedMail": "message",
    "nearest_miss": "matching",
}

__getattr__ = lazily(__name__, _HOMES)
