"""A store in memory: it ends with the process."""

from __future__ import annotations

from collections import OrderedDict
from itertools import dropwhile, islice, takewhile
from operator import attrgetter
from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

from fakesmtp.clock import now
from fakesmtp.storage.base import MOST_COUNTED, PAGE, Count, Page, Removed, Totals
from fakesmtp.storage.kept import Kept
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.query import EVERYTHING
from fakesmtp.storage.updates import UpdateKind, Updates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from fakesmtp.findings import Finding, Rules
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.sessions import Session
    from fakesmtp.storage.candidates import Sessions, Trial
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow, SessionRecord, SessionRow

_T = TypeVar("_T")
#: Bytes of messages that are kept where no other limit is given: 1 GiB.
DEFAULT_MAX_BYTES = 1024**3
#: Bytes of memory that a message takes besides its own, and a recipient besides the address, about.
_MESSAGE, _RECIPIENT = 1024, 64


class Done(Generic[_T]):
    """The ticket of a change that is done already."""

    __slots__ = ("_value",)

    def __init__(self, value: _T) -> None:
        self._value = value

    def done(self) -> bool:
        """Return True."""
        return True

    def result(self, timeout: float | None = None) -> _T:
        """Return what came of it."""
        del timeout
        return self._value

    def exception(self, timeout: float | None = None) -> None:
        """Return None."""

    def add_done_callback(self, callback: Callable[[Done[_T]], object], /) -> None:
        """Call back at once."""
        callback(self)


class MemoryStore:
    """Keeps messages and sessions until the process ends; see `Store`.

    `recorded` returns the sessions that a server keeps itself, for searches. `rest` is called
    before each message that a search looks at, so that a search can pause.
    """

    location = "memory"
    is_durable = False
    size = 0
    replica = ""
    shared = None
    accepts_more = True

    def __init__(self, limits: Limits = Limits(max_bytes=DEFAULT_MAX_BYTES)) -> None:  # noqa: B008 - a tuple
        self._limits = limits.check()
        self.updates = Updates()
        self.recorded: Callable[[], Iterable[Session]] = tuple
        self.rest: Callable[[], object] = tuple
        self._rules: Rules | None = None
        self._lock = RLock()
        self._messages: OrderedDict[str, Kept] = OrderedDict()
        self._sessions: OrderedDict[str, tuple[int, SessionRecord]] = OrderedDict()
        self._last_message = self._last_session = self._bytes = 0
        self._removed = Removed()

    @property
    def removed(self) -> Removed:
        """What the limits have removed."""
        return self._removed

    @property
    def dropped(self) -> int:
        """How many messages the limits have removed."""
        return self._removed.messages

    # -- messages ------------------------------------------------------------------------------

    def add(self, record: MessageRecord) -> Done[int]:
        """Keep a message; the oldest ones go, and are counted, when there is no room."""
        with self._lock:
            self._last_message += 1
            self._messages[record.id] = Kept(self._last_message, record)
            self._bytes += _size_of(record)
            over = self._pop_over()
            number = self._last_message
        self.updates.publish(UpdateKind.MESSAGES_ADDED, (record.id,))
        if over:
            self._publish_gone(UpdateKind.MESSAGES_EXPIRED, over)
        return Done(number)

    def _pop_over(self) -> list[MessageRecord]:
        """Remove what is over a limit, the oldest first, and return it."""
        over: list[MessageRecord] = []
        while len(self._messages) > 1 and self._is_over():
            over.append(self._pop(next(iter(self._messages))))
        if over:
            self._removed = self._removed._replace(messages=self._removed.messages + len(over))
        return over

    def _is_over(self) -> bool:
        limits = self._limits
        oldest = next(iter(self._messages.values())).record
        return (
            (limits.max_bytes is not None and self._bytes > limits.max_bytes)
            or (limits.max_messages is not None and len(self._messages) > limits.max_messages)
            or (limits.max_age is not None and oldest.received < now() - limits.max_age)
        )

    def _pop(self, message_id: str) -> MessageRecord:
        record = self._messages.pop(message_id).record
        self._bytes -= _size_of(record)
        return record

    def _publish_gone(self, kind: UpdateKind, gone: Sequence[MessageRecord]) -> list[str]:
        """Publish that messages are gone; return their ids."""
        ids = [record.id for record in gone]
        self.updates.publish(kind, ids, [record.app_key for record in gone])
        return ids

    def page(
        self,
        query: Query = EVERYTHING,
        *,
        cursor: int | None = None,
        limit: int = PAGE,
        offset: int = 0,
        oldest_first: bool = False,
    ) -> Page[MessageRow]:
        """Return the messages that match from a cursor on, the newest first."""
        end = offset + limit + 1
        found = self._matching(query, cursor, oldest_first=oldest_first, most=end)
        from fakesmtp.storage.candidates import make_row  # noqa: PLC0415 - with the first list

        return _cut([make_row(kept) for kept in islice(found, offset, end)], limit)

    def rows(self, ids: Collection[str]) -> list[MessageRow]:
        """Return messages by their ids, oldest first; those that are not here are left out."""
        from fakesmtp.storage.candidates import make_row  # noqa: PLC0415 - as in `page`

        return [make_row(kept) for kept in self._find(ids)]

    def totals(self, query: Query = EVERYTHING) -> Totals:
        """Count the messages that match, and the unread ones among them, exactly."""
        found = list(self._matching(query))
        return Totals(len(found), sum(not each.is_read for each in found))

    def tag_counts(self, query: Query = EVERYTHING) -> Mapping[str, int]:
        """Return the tags of the messages that match, sorted, with how many messages have each."""
        from fakesmtp.storage.tags import count_tags  # noqa: PLC0415 - as in `tag`

        return count_tags(tag for each in self._matching(query) for tag in each.tags)

    def _matching(
        self,
        query: Query,
        cursor: int | None = None,
        *,
        oldest_first: bool = False,
        most: int | None = None,
    ) -> Iterator[Kept]:
        """Yield the messages that match from a cursor on; `most` of them are needed."""
        if query == EVERYTHING:
            yield from self._from(cursor, oldest_first=oldest_first, most=most)
            return
        holds = self._trial(query).holds
        for kept in self._from(cursor, oldest_first=oldest_first):
            self.rest()
            if holds(kept):
                yield kept

    def _trial(self, query: Query) -> Trial:
        from fakesmtp.storage.candidates import Trial  # noqa: PLC0415 - with the first search

        return Trial(query, self._rules, self._all_sessions)

    def _all_sessions(self) -> Sessions:
        from fakesmtp.storage.candidates import Sessions  # noqa: PLC0415 - as above

        live = {session.id: session for session in self.recorded()}
        return Sessions(live, self._sessions)

    def _from(
        self, cursor: int | None, *, oldest_first: bool, most: int | None = None
    ) -> list[Kept]:
        """Return `most` messages from a cursor on. Newer ones are found without reading others."""
        with self._lock:
            newest_first = reversed(self._messages.values())
            if oldest_first:
                newer = takewhile(lambda each: each.number > (cursor or 0), newest_first)
                return list(newer)[::-1][:most]
            end = self._last_message + 1 if cursor is None else cursor
            older = dropwhile(lambda each: each.number >= end, newest_first)
            return list(islice(older, most))

    def count(self, query: Query = EVERYTHING, *, most: int | None = MOST_COUNTED) -> Count:
        """Count the messages that match, exactly up to `most`; with None always exactly."""
        if query == EVERYTHING:
            return Count(len(self._messages))
        limit = None if most is None else most + 1
        number = sum(1 for _ in islice(self._matching(query), limit))
        return Count(number) if most is None or number <= most else Count(most, is_exact=False)

    def matches(self, message_id: str, query: Query) -> bool:
        """Return whether a message is here and matches."""
        kept = self._messages.get(message_id)
        return kept is not None and self._trial(query).holds(kept)

    @property
    def newest(self) -> int:
        """The number of the newest message, 0 where there is none."""
        with self._lock:
            return next((each.number for each in reversed(self._messages.values())), 0)

    def ids(self) -> list[str]:
        """Return the ids of all messages, oldest first."""
        with self._lock:
            return list(self._messages)

    def get_many(self, ids: Sequence[str]) -> list[MessageRecord]:
        """Return messages with their bytes; those that are not here are left out."""
        return [kept.record for kept in self._find(ids)]

    def get(self, message_id: str) -> MessageRecord | None:
        """Return a message with its bytes, None when it is not here."""
        kept = self._messages.get(message_id)
        return None if kept is None else kept.record

    def remove(self, ids: Collection[str]) -> Done[list[str]]:
        """Remove messages. The ticket gives the ids of those that were here."""
        with self._lock:
            gone = [self._pop(each) for each in dict.fromkeys(ids) if each in self._messages]
        return Done(self._publish_gone(UpdateKind.MESSAGES_REMOVED, gone))

    def remove_matching(self, query: Query) -> Done[list[str]]:
        """Remove the messages that match. The ticket gives their ids."""
        return self.remove([kept.record.id for kept in self._matching(query)])

    def mark_read(self, ids: Collection[str], *, is_read: bool = True) -> Done[int]:
        """Mark messages as read, or as unread. The ticket gives how many are here."""
        found = self._find(ids)
        for kept in found:
            kept.is_read = is_read
        return self._marked(found)

    def tag(self, ids: Collection[str], tags: Collection[str]) -> Done[int]:
        """Replace the tags of messages. The ticket gives how many messages are here."""
        from fakesmtp.storage.tags import clean_tags  # noqa: PLC0415 - with the first tag

        cleaned, found = clean_tags(tags), self._find(ids)
        for kept in found:
            kept.tags = cleaned
        return self._marked(found)

    def _marked(self, found: Sequence[Kept]) -> Done[int]:
        self.updates.publish(UpdateKind.MESSAGES_MARKED, [kept.record.id for kept in found])
        return Done(len(found))

    def _find(self, ids: Collection[str]) -> list[Kept]:
        with self._lock:
            found = [self._messages[each] for each in dict.fromkeys(ids) if each in self._messages]
        return sorted(found, key=attrgetter("number"))

    # -- sessions ------------------------------------------------------------------------------

    def add_session(self, make: Callable[[], SessionRecord]) -> Done[int]:
        """Keep a session that is over."""
        record = make()
        with self._lock:
            self._last_session += 1
            self._sessions[record.header.id] = (self._last_session, record)
            self._drop_sessions()
            number = self._last_session
        self.updates.publish(UpdateKind.SESSIONS_ADDED, [record.header.id])
        return Done(number)

    def _drop_sessions(self) -> None:
        """Remove the oldest sessions without a message while there are too many."""
        limits = self._limits
        oldest = next(iter(self._sessions.values()))[1].header.started
        is_old = limits.max_session_age is not None and oldest < now() - limits.max_session_age
        if not is_old and len(self._sessions) <= (limits.max_sessions or len(self._sessions)):
            return
        with_message = {kept.record.session_id for kept in self._messages.values()}
        without = [each for each in self._sessions if each not in with_message]
        over = [] if limits.max_sessions is None else without[: -limits.max_sessions]
        if limits.max_session_age is not None:
            since = now() - limits.max_session_age
            over += [
                each
                for each in without[len(over) :]
                if self._sessions[each][1].header.started < since
            ]
        for each in over:
            del self._sessions[each]
        self._removed = self._removed._replace(sessions=self._removed.sessions + len(over))

    def session_page(
        self, *, cursor: int | None = None, limit: int = PAGE, oldest_first: bool = False
    ) -> Page[SessionRow]:
        """Return sessions from a cursor on, the newest first."""
        from fakesmtp.storage.records import SessionRow  # noqa: PLC0415 - with the first list

        with self._lock:
            kept = list(self._sessions.values())
            stored = [message.record.session_id for message in self._messages.values()]
        rows = [
            SessionRow(number, record._replace(lines=b""), stored.count(record.header.id))
            for number, record in (kept if oldest_first else reversed(kept))
            if _is_beyond(number, cursor, oldest_first=oldest_first)
        ]
        return _cut(rows, limit)

    def session(self, session_id: str) -> SessionRecord | None:
        """Return a session with its lines, None when it is not here."""
        found = self._sessions.get(session_id)
        return None if found is None else found[1]

    def count_sessions(self) -> Count:
        """Count the sessions."""
        return Count(len(self._sessions))

    # -- findings ------------------------------------------------------------------------------

    def check_with(self, rules: Rules | None) -> None:
        """Check messages and sessions by these rules when they are asked for."""
        with self._lock:
            self._rules = rules
            for kept in self._messages.values():
                kept.findings = kept.of_session = None

    def findings(self, message_id: str) -> tuple[Finding, ...] | None:
        """Return the findings about a message; None when it is not here."""
        from fakesmtp.storage.candidates import read_findings  # noqa: PLC0415 - when asked for

        kept = self._messages.get(message_id)
        return None if kept is None else read_findings(kept, self._rules)

    def session_findings(self, session_id: str) -> tuple[Finding, ...] | None:
        """Return the findings about a session; None while it lasts, or when it is not here."""
        return self._all_sessions().findings(session_id, self._rules)

    def prune(self) -> Done[int]:
        """Apply the limits now. The ticket gives how many messages went."""
        with self._lock:
            over = self._pop_over()
        return Done(len(self._publish_gone(UpdateKind.MESSAGES_EXPIRED, over)))

    def close(self) -> None:
        """Do nothing: what is here stays until the process ends."""


def _size_of(record: MessageRecord) -> int:
    """Return the bytes of memory that a message takes, about."""
    recipients = record.envelope.rcpt_tos
    return _MESSAGE + len(record.raw) + _RECIPIENT * len(recipients) + sum(map(len, recipients))


def _is_beyond(number: int, cursor: int | None, *, oldest_first: bool) -> bool:
    return cursor is None or (number > cursor if oldest_first else number < cursor)


def _cut(rows: list[MessageRow] | list[SessionRow], limit: int) -> Page:  # type: ignore[type-arg]
    cursor = rows[limit - 1].number if len(rows) > limit else None
    return Page(tuple(rows[:limit]), cursor)
