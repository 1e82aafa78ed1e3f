"""A mail as it arrived, what it says, and how to say which mail one means."""

from __future__ import annotations

from fakesmtp.mail.matching import Conditions, Mismatch, nearest_miss
from fakesmtp.mail.message import ReceivedMail
from fakesmtp.mail.parts import Attachment, Contents
from fakesmtp.protocol.actions import Envelope

__all__ = [
    "Attachment",
    "Conditions",
    "Contents",
    "Envelope",
    "Mismatch",
    "ReceivedMail",
    "nearest_miss",
]
