"""Where mails are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from fakesmtp.mail import ReceivedMail


class Store(Protocol):
    """Keeps mails in the order they came. The `Mailbox` calls one method at a time."""

    @property
    def dropped(self) -> int:
        """How many mails were let go because there was no room."""

    def append(self, mail: ReceivedMail) -> None:
        """Keep one more mail."""

    def __len__(self) -> int:
        """Count the mails."""

    def get(self, mail_id: str) -> ReceivedMail | None:
        """Return the message of an id, None when it is not kept. Reads no others."""

    def snapshot(self) -> list[ReceivedMail]:
        """Give all mails, oldest first."""

    def remove(self, ids: Collection[str]) -> list[ReceivedMail]:
        """Forget the mails of these ids, and give those that were there, oldest first."""

    def clear(self) -> None:
        """Forget all mails; `dropped` stays."""
