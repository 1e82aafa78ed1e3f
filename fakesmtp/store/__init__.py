"""Where messages are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from fakesmtp.messages import ReceivedMessage


class Store(Protocol):
    """Keeps messages in the order they came. The `Mailbox` calls one method at a time."""

    @property
    def dropped(self) -> int:
        """How many messages were let go because there was no room."""

    def append(self, message: ReceivedMessage) -> None:
        """Keep one more message."""

    def __len__(self) -> int:
        """Count the messages."""

    def get(self, message_id: str) -> ReceivedMessage | None:
        """Return the message of an id, None when it is not kept. Reads no others."""

    def snapshot(self) -> list[ReceivedMessage]:
        """Give all messages, oldest first."""

    def remove(self, ids: Collection[str]) -> list[ReceivedMessage]:
        """Forget the messages of these ids, and give those that were there, oldest first."""

    def clear(self) -> None:
        """Forget all messages; `dropped` stays."""
