"""The same mail more than once, as a client sends it that never learned that it was accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.mail.message import ReceivedMail


def group_duplicates(mails: Iterable[ReceivedMail]) -> list[list[ReceivedMail]]:
    """Give the groups of two or more mails that share a Message-ID (RFC 5322 §3.6.4)."""
    groups: dict[str, list[ReceivedMail]] = {}
    for mail in mails:
        message_id = (mail.header("Message-ID") or "").strip()
        if message_id:
            groups.setdefault(message_id, []).append(mail)
    return [group for group in groups.values() if len(group) > 1]
