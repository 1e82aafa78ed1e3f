"""Mails kept in memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from fakesmtp.mail import ReceivedMail


class MemoryStore:
    """Keeps the newest `max_messages` mails, or all of them (None).

    Raises `ConfigurationError` for a limit below 1.
    """

    def __init__(self, max_messages: int | None = None) -> None:
        if max_messages is not None and max_messages < 1:
            raise ConfigurationError(f"max_messages is {max_messages}: give 1 or more, or None")
        self._mails: deque[ReceivedMail] = deque(maxlen=max_messages)
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many mails were let go because there was no room."""
        return self._dropped

    def append(self, mail: ReceivedMail) -> None:
        """Keep one more mail; the oldest one goes, and is counted, when there is no room."""
        if len(self._mails) == self._mails.maxlen:
            self._dropped += 1
        self._mails.append(mail)

    def __len__(self) -> int:
        return len(self._mails)

    def __bool__(self) -> bool:
        # A store is there or it is not: an empty one is not nothing.
        return True

    def snapshot(self) -> list[ReceivedMail]:
        """Give all mails, oldest first."""
        return list(self._mails)

    def remove(self, ids: Collection[str]) -> list[ReceivedMail]:
        """Forget the mails of these ids, and give those that were there, oldest first."""
        gone = [mail for mail in self._mails if mail.id in ids]
        if gone:
            kept = [mail for mail in self._mails if mail.id not in ids]
            self._mails.clear()
            self._mails.extend(kept)
        return gone

    def clear(self) -> None:
        """Forget all mails; `dropped` stays."""
        self._mails.clear()
