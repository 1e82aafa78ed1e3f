"""A store, and the listeners for messages that arrive in it."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError
from fakesmtp.storage.updates import GONE, UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.sessions import Session
    from fakesmtp.storage.base import Store, Ticket
    from fakesmtp.storage.updates import Update

    Listener = Callable[[ReceivedMessage], object]
    FindSession = Callable[[MessageRecord], Session]

#: Messages of a durable store that are read together.
_READ_AT_ONCE = 100
#: Messages of a durable store that stay in memory, and the size of the largest of them (bytes).
MOST_CACHED = 1_000
LARGEST_CACHED = 64 * 1024


class Arrivals:
    """The store, and the listeners for new messages.

    `find_session` returns the session of a message that is read from a durable store.
    """

    def __init__(self, store: Store, find_session: FindSession) -> None:
        #: Where the messages are kept.
        self.store = store
        self._find_session = find_session
        self._lock = Lock()
        self._listeners: list[Listener] = []
        #: Those that also get the messages of other servers that share the store.
        self._searchers: list[Listener] = []
        #: The messages as objects: all of a memory store, the newest of a durable one. None for
        #: one that is read from the store, because it is large.
        self._cached: OrderedDict[str, ReceivedMessage | None] = OrderedDict()
        store.updates.listen(self._notice)

    def append(self, message: ReceivedMessage) -> Ticket[int]:
        """Store a message. A store in memory has it at once: call the listeners in this thread.

        With a durable store the caller calls `announce` when the ticket is done, which may be
        before this returns.
        """
        with self._lock:
            self._cache(message)
            ticket = self.store.add(message.record)
            listeners = () if self.store.is_durable else tuple(self._listeners)
        _notify(listeners, message)
        return ticket

    def announce(self, message: ReceivedMessage) -> None:
        """Call the listeners with an appended message that a durable store has now."""
        with self._lock:
            listeners = tuple(self._listeners)
        _notify(listeners, message)

    def _cache(self, message: ReceivedMessage) -> None:
        if not self.store.is_durable:
            self._cached[message.id] = message
            return
        self._cached[message.id] = message if len(message.raw) <= LARGEST_CACHED else None
        if len(self._cached) > MOST_CACHED:
            self._cached.popitem(last=False)

    def _notice(self, update: Update) -> None:
        # Without the lock, because the caller may already hold it.
        if update.kind in GONE:
            for each in update.ids:
                self._cached.pop(each, None)
        elif update.kind is UpdateKind.MESSAGES_ADDED and self._searchers:
            self._announce_others(update.ids)

    def _announce_others(self, ids: Sequence[str]) -> None:
        """Tell searchers of messages that another server of the same store has received."""
        others = [each for each in ids if each not in self._cached]
        with suppress(StoreError):  # a search reads the store again when it begins
            for message in self._open(others):
                _notify(tuple(self._searchers), message)

    @property
    def waiting(self) -> int:
        """Number of listeners: callers that wait, and subscribed callbacks."""
        return len(self._listeners)

    def snapshot(self) -> list[ReceivedMessage]:
        """Return all messages, oldest first."""
        with self._lock:
            return list(self._open(self.store.ids()))

    def _open(self, ids: Sequence[str]) -> Iterator[ReceivedMessage]:
        """Yield messages; those of a durable store are read some at a time."""
        for start in range(0, len(ids), _READ_AT_ONCE):
            yield from self._open_some(ids[start : start + _READ_AT_ONCE])

    def _open_some(self, ids: Sequence[str]) -> Iterator[ReceivedMessage]:
        cached = self._cached
        missing = [each for each in ids if cached.get(each) is None]
        read = {record.id: record for record in self.store.get_many(missing)} if missing else {}
        found = (cached.get(each) or self._view(read.get(each)) for each in ids)
        return (message for message in found if message is not None)

    def _view(self, record: MessageRecord | None) -> ReceivedMessage | None:
        from fakesmtp.messages.message import ReceivedMessage  # noqa: PLC0415 - only for a durable store

        return record and ReceivedMessage(record, partial(self._find_session, record))

    def get(self, message_id: str) -> ReceivedMessage | None:
        """Return the message with an id, None if it is not stored."""
        return next(self._open([message_id]), None)

    def get_all(self, ids: Sequence[str]) -> list[ReceivedMessage]:
        """Return the messages with these ids that are stored."""
        return list(self._open(ids))

    def remove(self, ids: Collection[str]) -> list[ReceivedMessage]:
        """Remove messages; return those that were stored, oldest first."""
        if not self.store.is_durable:
            with self._lock:
                return self._remove(ids)
        return self._remove(ids)

    def _remove(self, ids: Collection[str]) -> list[ReceivedMessage]:
        here = list(self._open([each for each in self.store.ids() if each in ids]))
        gone = set(self.store.remove([message.id for message in here]).result())
        return [message for message in here if message.id in gone]

    def listen(self, listener: Listener) -> Iterator[ReceivedMessage]:
        """Call `listener` for every new message; yield the messages that are already stored.

        With a durable store, a message may be in both. `listener` also gets the messages of other
        servers that share the store.
        """
        with self._lock:
            self._listeners.append(listener)
            self._searchers.append(listener)
            ids = self.store.ids()
        return self._open(ids)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` for every new message of this server, and read no stored message."""
        with self._lock:
            self._listeners.append(listener)

    def stop_listening(self, listener: Listener) -> None:
        """Stop calling `listener`. Idempotent."""
        with self._lock, suppress(ValueError):
            self._listeners.remove(listener)
            self._searchers.remove(listener)

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[Iterator[ReceivedMessage]]:
        """Listen during a `with` block, which gets what `listen` returns."""
        present = self.listen(listener)
        try:
            yield present
        finally:
            self.stop_listening(listener)


def _notify(listeners: Iterable[Listener], message: ReceivedMessage) -> None:
    # Outside the lock, because a callback may use the mailbox.
    for listener in listeners:
        listener(message)
