"""The seam: what every store can do, whatever it keeps messages and sessions in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from fakesmtp.storage.query import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from fakesmtp.findings import Finding, Rules
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow, SessionRecord, SessionRow
    from fakesmtp.storage.shared import SharedState
    from fakesmtp.storage.updates import Updates

#: Rows of a page, unless the caller says otherwise.
PAGE = 50
#: Counting goes this far, unless the caller says otherwise.
MOST_COUNTED = 1_000

_Row = TypeVar("_Row", "MessageRow", "SessionRow")
_T_co = TypeVar("_T_co", covariant=True)


class Ticket(Protocol[_T_co]):
    """The promise of a store: it is done when the change is durable. `Future` is one."""

    def done(self) -> bool:
        """Return whether the change is durable, or has failed."""

    def result(self, timeout: float | None = None) -> _T_co:
        """Wait up to `timeout` seconds; return what came of it, or raise `StoreError`."""

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait up to `timeout` seconds; return why it failed, None when it has not."""

    def add_done_callback(self, callback: Callable[[Ticket[_T_co]], object], /) -> None:
        """Call back when it is done, in any thread; at once when it is done already."""


class Count(NamedTuple):
    """How many there are; `is_exact` is False where there are at least so many."""

    number: int
    is_exact: bool = True

    def __str__(self) -> str:
        return f"{self.number:,}" if self.is_exact else f"at least {self.number:,}"


class Page(NamedTuple, Generic[_Row]):
    """Some rows of a list. `cursor` continues it, None at its end.

    A cursor is the number of the last row. It stays right while rows are added and removed.
    """

    rows: tuple[_Row, ...]
    cursor: int | None


class Removed(NamedTuple):
    """How many messages and sessions the limits of a store have removed since it was made."""

    messages: int = 0
    sessions: int = 0


class Totals(NamedTuple):
    """How many messages match, and how many of them are unread; always exact."""

    messages: int
    unread: int


class ReadableStore(Protocol):
    """What can be asked of a store, also by a process that may not change it.

    All methods may be called from any thread, and raise `StoreError` when the store cannot be read.
    """

    @property
    def location(self) -> str:
        """Where it keeps things, for people: `memory`, a path, or an address without a password."""

    @property
    def is_durable(self) -> bool:
        """Whether messages outlive the process."""

    @property
    def size(self) -> int:
        """The bytes that it takes on disk: 0 in memory."""

    @property
    def removed(self) -> Removed:
        """What the limits of the store have removed since it was made."""

    def page(
        self,
        query: Query = EVERYTHING,
        *,
        cursor: int | None = None,
        limit: int = PAGE,
        offset: int = 0,
        oldest_first: bool = False,
    ) -> Page[MessageRow]:
        """Return the messages that match from a cursor on, the newest first.

        `offset` skips so many of them; a cursor is faster, and stays right while rows change.
        """

    def rows(self, ids: Collection[str]) -> list[MessageRow]:
        """Return messages by their ids, oldest first; those that are not here are left out."""

    def totals(self, query: Query = EVERYTHING) -> Totals:
        """Count the messages that match, and the unread ones among them, exactly."""

    def tag_counts(self, query: Query = EVERYTHING) -> Mapping[str, int]:
        """Return the tags of the messages that match, sorted, with how many messages have each."""

    def count(self, query: Query = EVERYTHING, *, most: int | None = MOST_COUNTED) -> Count:
        """Count the messages that match, exactly up to `most`; with None always exactly."""

    def matches(self, message_id: str, query: Query) -> bool:
        """Return whether a message is here and matches."""

    @property
    def newest(self) -> int:
        """The number of the newest message, 0 where there is none."""

    def ids(self) -> list[str]:
        """Return the ids of all messages, oldest first."""

    def get_many(self, ids: Sequence[str]) -> list[MessageRecord]:
        """Return messages with their bytes, oldest first; those that are not here are left out."""

    def get(self, message_id: str) -> MessageRecord | None:
        """Return a message with its bytes, None when it is not here."""

    def session_page(
        self, *, cursor: int | None = None, limit: int = PAGE, oldest_first: bool = False
    ) -> Page[SessionRow]:
        """Return sessions from a cursor on, the newest first."""

    def session(self, session_id: str) -> SessionRecord | None:
        """Return a session with its lines, None when it is not here."""

    def count_sessions(self) -> Count:
        """Count the sessions."""

    def findings(self, message_id: str) -> tuple[Finding, ...] | None:
        """Return the findings about a message; None while it is not checked, or not here."""

    def session_findings(self, session_id: str) -> tuple[Finding, ...] | None:
        """Return the findings about a session; None while it is not checked, or not here."""


class OpenedStore(ReadableStore, Protocol):
    """A durable store that is open for reading, with facts about itself."""

    def describe(self) -> dict[str, object]:
        """Return facts about the store, for people and programs; sizes in bytes."""

    def check(self) -> list[str]:
        """Return what is wrong with the store, in sentences; nothing where all is well."""

    def close(self) -> None:
        """Close all connections. Idempotent."""


class Store(ReadableStore, Protocol):
    """Keeps messages and sessions. Changes return a ticket at once; `updates` lists them."""

    @property
    def updates(self) -> Updates:
        """What changed, in order: see `fakesmtp.storage.updates`."""

    @property
    def replica(self) -> str:
        """The name of this server among those that share the store; `""` where it is alone."""

    @property
    def shared(self) -> SharedState | None:
        """What servers share beside messages; None for a store of one server."""

    @property
    def accepts_more(self) -> bool:
        """Whether more may be taken now; what waits to be durable is bounded."""

    @property
    def dropped(self) -> int:
        """How many messages the limits have removed since it was opened; asks no file."""

    def add(self, record: MessageRecord) -> Ticket[int]:
        """Keep a message. The ticket gives its number."""

    def add_session(self, make: Callable[[], SessionRecord]) -> Ticket[int]:
        """Keep a session that is over; `make` is called in the thread that stores it."""

    def remove(self, ids: Collection[str]) -> Ticket[list[str]]:
        """Remove messages. The ticket gives the ids of those that were here."""

    def remove_matching(self, query: Query) -> Ticket[list[str]]:
        """Remove the messages that match. The ticket gives their ids."""

    def mark_read(self, ids: Collection[str], *, is_read: bool = True) -> Ticket[int]:
        """Mark messages as read, or as unread. The ticket gives how many are here."""

    def tag(self, ids: Collection[str], tags: Collection[str]) -> Ticket[int]:
        """Replace the tags of messages. The ticket gives how many messages are here."""

    def check_with(self, rules: Rules | None) -> None:
        """Have messages and sessions checked by these rules, None for the default ones.

        A durable store checks in a thread of its own, until it is closed.
        """

    def prune(self) -> Ticket[int]:
        """Apply the limits now. The ticket gives how many messages went."""

    def close(self) -> None:
        """Make everything durable that was taken, and let go of files. Idempotent."""


def all_messages(
    store: ReadableStore, query: Query = EVERYTHING, *, oldest_first: bool = True, limit: int = PAGE
) -> Iterator[MessageRow]:
    """Yield all messages that match, page by page."""
    cursor: int | None = None
    while True:
        page = store.page(query, cursor=cursor, limit=limit, oldest_first=oldest_first)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def all_sessions(
    store: ReadableStore, *, oldest_first: bool = True, cursor: int | None = None, limit: int = PAGE
) -> Iterator[SessionRow]:
    """Yield all sessions from a cursor on, page by page."""
    while True:
        page = store.session_page(cursor=cursor, limit=limit, oldest_first=oldest_first)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return
