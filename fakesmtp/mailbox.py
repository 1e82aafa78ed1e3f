"""What arrived: kept, and handed to all who wait for it. For any thread, asyncio and trio.

A message is kept and handed to all waiting callers in one step, so none is seen twice or missed.
Each caller reads messages from a queue of its own, in its own thread: the server only delivers.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from threading import TIMEOUT_MAX, Lock
from typing import TYPE_CHECKING

from fakesmtp.awaiting import alarm, open_handover
from fakesmtp.clock import monotonic
from fakesmtp.errors import FakeSMTPError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.searching import Search
    from fakesmtp.store import Store

    Listener = Callable[[ReceivedMessage], object]


class Mailbox:
    """The messages of one server, and who listens for new ones. Every step is atomic."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._listeners: list[Listener] = []
        self._cut_off = ""

    def append(self, message: ReceivedMessage) -> None:
        """Keep a message, and call the listeners with it, in the thread of the caller."""
        with self._lock:
            self._store.append(message)
            listeners = tuple(self._listeners)
        # Outside the lock: a callback may use the mailbox.
        for listener in listeners:
            listener(message)

    def snapshot(self) -> list[ReceivedMessage]:
        """Return the messages that are kept, oldest first."""
        with self._lock:
            return self._store.snapshot()

    def get(self, message_id: str) -> ReceivedMessage | None:
        """Return the message of an id, None when it is not kept."""
        with self._lock:
            return self._store.get(message_id)

    def remove(self, ids: Collection[str]) -> list[ReceivedMessage]:
        """Remove messages by their ids. Return those that were kept: no two callers get one."""
        with self._lock:
            return self._store.remove(ids)

    # -- listening ---------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many wait for messages or subscribe to them."""
        return len(self._listeners)

    def listen(self, listener: Listener) -> list[ReceivedMessage]:
        """Call `listener` for every new message. Return the messages that are here already."""
        with self._lock:
            self._listeners.append(listener)
            return self._store.snapshot()

    def stop_listening(self, listener: Listener) -> None:
        """Stop calling a listener. Idempotent."""
        with self._lock, suppress(ValueError):
            self._listeners.remove(listener)

    @contextmanager
    def _listening(self, listener: Listener) -> Iterator[list[ReceivedMessage]]:
        present = self.listen(listener)
        try:
            yield present
        finally:
            self.stop_listening(listener)

    # -- searching ---------------------------------------------------------------------------------

    def cut_off(self, reason: str) -> None:
        """Let a search that would wait raise `FakeSMTPError` with `reason`; `""` ends that."""
        self._cut_off = reason

    def run(self, search: Search, timeout: float) -> None:
        """Offer messages to a search until it has enough, for at most `timeout` seconds."""
        from queue import Empty, SimpleQueue  # noqa: PLC0415 - with the first search, not at start

        deadline = monotonic() + min(timeout, TIMEOUT_MAX)
        arriving: SimpleQueue[ReceivedMessage] = SimpleQueue()
        with self._listening(arriving.put) as present:
            search.offer_all(present)
            self._check_source(search, timeout)
            while search.missing > 0:
                try:
                    message = arriving.get(timeout=max(0.0, deadline - monotonic()))
                except Empty:
                    return
                search.offer(message)

    async def run_async(self, search: Search, timeout: float) -> None:
        """Do as `run` does without blocking the loop; the sentinel None says that time is up."""
        arriving = open_handover()
        with self._listening(arriving.put) as present:
            search.offer_all(present)
            self._check_source(search, timeout)
            if search.missing > 0:
                with alarm(timeout, partial(arriving.put, None)):
                    while search.missing > 0 and (arrived := await arriving.get()):
                        search.offer(arrived)

    def _check_source(self, search: Search, timeout: float) -> None:
        """Raise `FakeSMTPError` when a search would wait for messages that cannot come."""
        if self._cut_off and search.missing > 0 and timeout > 0:
            raise FakeSMTPError(self._cut_off)
