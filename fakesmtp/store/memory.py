"""Messages kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from fakesmtp.messages import ReceivedMessage


#: Bytes of messages that are kept where no other limit is given: 1 GiB.
DEFAULT_MAX_BYTES = 1024**3


class MemoryStore:
    """Keeps the newest messages: at most `max_messages` (None: any number) and `max_bytes`.

    The newest message is kept whatever its size. Raises `ConfigurationError` for a limit below 1.
    """

    def __init__(
        self, max_messages: int | None = None, *, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> None:
        if max_messages is not None and max_messages < 1:
            raise ConfigurationError(f"max_messages is {max_messages}: give 1 or more, or None")
        if max_bytes < 1:
            raise ConfigurationError(f"max_bytes is {max_bytes}: give 1 or more")
        self._messages: OrderedDict[str, ReceivedMessage] = OrderedDict()
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._bytes = 0
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many messages were let go because there was no room."""
        return self._dropped

    def append(self, message: ReceivedMessage) -> None:
        """Keep one more message; the oldest ones go, and are counted, when there is no room."""
        self._messages[message.id] = message
        self._bytes += len(message.raw)
        while self._is_over() and len(self._messages) > 1:
            _, oldest = self._messages.popitem(last=False)
            self._bytes -= len(oldest.raw)
            self._dropped += 1

    def _is_over(self) -> bool:
        most = self._max_messages
        return self._bytes > self._max_bytes or (most is not None and len(self._messages) > most)

    def __len__(self) -> int:
        return len(self._messages)

    def __bool__(self) -> bool:
        # A store is there or it is not: an empty one is not nothing.
        return True

    def get(self, message_id: str) -> ReceivedMessage | None:
        """Return the message of an id, None when it is not kept."""
        return self._messages.get(message_id)

    def snapshot(self) -> list[ReceivedMessage]:
        """Give all messages, oldest first."""
        return list(self._messages.values())

    def remove(self, ids: Collection[str]) -> list[ReceivedMessage]:
        """Forget the messages of these ids, and give those that were there, oldest first."""
        gone = [message for message in self._messages.values() if message.id in ids]
        for message in gone:
            del self._messages[message.id]
            self._bytes -= len(message.raw)
        return gone

    def clear(self) -> None:
        """Forget all messages; `dropped` stays."""
        self._messages.clear()
        self._bytes = 0
