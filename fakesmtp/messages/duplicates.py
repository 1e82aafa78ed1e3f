"""Find messages that were sent more than once, for instance after a lost reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.messages.message import ReceivedMessage


def group_duplicates(messages: Iterable[ReceivedMessage]) -> list[list[ReceivedMessage]]:
    """Return the groups of two or more messages that share a Message-ID (RFC 5322 §3.6.4)."""
    groups: dict[str, list[ReceivedMessage]] = {}
    for message in messages:
        message_id = (message.header("Message-ID") or "").strip()
        if message_id:
            groups.setdefault(message_id, []).append(message)
    return [group for group in groups.values() if len(group) > 1]
