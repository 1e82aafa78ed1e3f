"""What changed in a store, in order. Waits and event streams are woken by it.

Each change is an `Update` with a cursor. Cursors grow, also from one run of a server to the next.
A reader continues after the last update that it knows:

    updates = store.updates
    cursor = updates.cursor  # from now on
    while updates.wait(cursor, timeout=30):
        batch = updates.since(cursor)
        if not batch.is_complete:
            ...  # some updates are forgotten: read the lists again
        cursor = batch.cursor

`Mailbox.follow` does the same in an event loop. The newest updates are kept in memory. An update
has ids, and the AppKeys of messages that are gone; everything else is read from the store.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager, suppress
from enum import StrEnum
from itertools import takewhile
from threading import TIMEOUT_MAX, Condition, Lock
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.clock import monotonic, now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    Listener = Callable[["Update"], object]

#: Ids that are kept for readers that were away.
MOST_KEPT = 10_000
#: Cursors of one millisecond. They begin with the time, so that they grow from run to run; they
#: stay below 2**53, which JavaScript reads exactly.
_PER_MILLISECOND = 1_000


class UpdateKind(StrEnum):
    """What happened to the messages, sessions or fault rules of an update."""

    #: New messages, which are durable now.
    MESSAGES_ADDED = "messages-added"
    #: Messages were marked as read or unread, or tagged.
    MESSAGES_MARKED = "messages-marked"
    #: Findings of messages were stored, so that `finding:` finds them.
    MESSAGES_CHECKED = "messages-checked"
    #: Messages were deleted on request.
    MESSAGES_REMOVED = "messages-removed"
    #: Messages were removed by a limit of the store.
    MESSAGES_EXPIRED = "messages-expired"
    #: Sessions ended, and are stored.
    SESSIONS_ADDED = "sessions-added"
    #: Findings of sessions were stored.
    SESSIONS_CHECKED = "sessions-checked"
    #: Planned faults were applied; the ids are those of their rules.
    FAULTS_APPLIED = "faults-applied"
    #: Fault rules were added, changed or removed.
    FAULTS_CHANGED = "faults-changed"


#: Kinds of updates after which messages are gone.
GONE = frozenset({UpdateKind.MESSAGES_REMOVED, UpdateKind.MESSAGES_EXPIRED})


class Happened(NamedTuple):
    """A change that has no cursor yet: see `Update`."""

    kind: UpdateKind
    ids: Collection[str]
    app_keys: Collection[str | None] = ()


class Update(NamedTuple):
    """One change: ids of messages, of sessions, or of fault rules.

    For messages that are gone, `app_keys` has the AppKey of each id, None for one without a login.
    """

    cursor: int
    kind: UpdateKind
    ids: tuple[str, ...]
    app_keys: tuple[str | None, ...] = ()

    def gone_from(self, app_key: str | None) -> tuple[str, ...]:
        """Return the ids of messages that are gone and had an AppKey; None: all of them."""
        if app_key is None:
            return self.ids
        # Not strict: an older version of a database has not stored them.
        of_each = zip(self.ids, self.app_keys, strict=False)
        return tuple(each for each, key in of_each if key == app_key)


class Batch(NamedTuple):
    """Updates after a cursor, oldest first, and the cursor to continue with.

    `is_complete` is False if updates after the cursor are forgotten, or if this store did not give
    the cursor. Then everything must be read again.
    """

    updates: tuple[Update, ...]
    cursor: int
    is_complete: bool = True


class Updates:
    """The newest updates of one store. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._waiting = 0
        self._kept: deque[Update] = deque()
        self._ids = 0
        self._listeners: list[Listener] = []
        self._newest = self._forgotten = int(now() * 1_000) * _PER_MILLISECOND

    @property
    def cursor(self) -> int:
        """The cursor of the newest update."""
        return self._newest

    @property
    def listeners(self) -> int:
        """Number of listeners."""
        return len(self._listeners)

    def publish(
        self, kind: UpdateKind, ids: Collection[str], app_keys: Collection[str | None] = ()
    ) -> None:
        """Add an update and wake all readers. Without ids it is a no-op."""
        if not ids:
            return
        with self._lock:
            update = Update(self._newest + 1, kind, tuple(ids), tuple(app_keys))
            self._keep(update)
        self._call_listeners(update)

    def _keep(self, update: Update) -> None:
        """Add an update; the caller has the lock."""
        self._newest = update.cursor
        self._kept.append(update)
        self._ids += len(update.ids)
        if self._ids > MOST_KEPT:
            self._drop_oldest()
        if self._waiting:
            self._changed.notify_all()

    def _call_listeners(self, update: Update) -> None:
        for listener in tuple(self._listeners):
            listener(update)

    def _drop_oldest(self) -> None:
        while self._ids > MOST_KEPT and len(self._kept) > 1:
            oldest = self._kept.popleft()
            self._ids -= len(oldest.ids)
            self._forgotten = oldest.cursor

    def since(self, cursor: int) -> Batch:
        """Return the updates after a cursor."""
        with self._lock:
            if not self._forgotten <= cursor <= self._newest:
                return Batch((), self._newest, is_complete=False)
            newer = takewhile(lambda update: update.cursor > cursor, reversed(self._kept))
            return Batch(tuple(newer)[::-1], self._newest)

    def wait(self, cursor: int, timeout: float) -> bool:
        """Wait up to `timeout` seconds for an update after a cursor; return whether one came."""
        deadline = monotonic() + min(timeout, TIMEOUT_MAX)
        with self._changed:
            self._waiting += 1
            try:
                while self._newest <= cursor and (left := deadline - monotonic()) > 0:
                    self._changed.wait(left)
            finally:
                self._waiting -= 1
            return self._newest > cursor

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each update, in the thread of the change. It must not wait."""
        with self._lock:
            self._listeners.append(listener)

    def stop_listening(self, listener: Listener) -> None:
        """Stop calling `listener`. Idempotent."""
        with self._lock, suppress(ValueError):
            self._listeners.remove(listener)

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Listen during a `with` block."""
        self.listen(listener)
        try:
            yield
        finally:
            self.stop_listening(listener)
