"""What arrived: look at it, wait for it, take it away. For any thread, asyncio and trio.

A message is kept and handed to all waiting callers in one step, so none is seen twice or missed.
Each caller reads messages from a queue of its own, in its own thread: the server only delivers.
"""

from __future__ import annotations

from functools import partial
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING

from fakesmtp.arrivals import Arrivals
from fakesmtp.awaiting import TO_THREAD, alarm, open_handover, running_loop
from fakesmtp.clock import monotonic
from fakesmtp.errors import FakeSMTPError, NoMatchingMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.keywords import MessageConditions
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.messages.searching import Search
    from fakesmtp.sessions import Recorded
    from fakesmtp.storage.base import Store, Ticket

    Belongs = Callable[[ReceivedMessage], bool]
    Listener = Callable[[ReceivedMessage], object]
    FindSession = Callable[[MessageRecord], Recorded]


class MessageView:
    """The messages of a mailbox for which `belongs` is true; those of others are not seen here.

    `conditions` are those of `fakesmtp.messages.Conditions`. A wrong one raises
    `ConfigurationError`; what a callable among them raises, the waiting method raises. All methods
    are thread-safe; callbacks run in the thread in which the message arrives. Times are in seconds.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        belongs: Belongs,
        describe_sessions: Callable[[], Sequence[str]] | None = None,
    ) -> None:
        self._arrivals = arrivals
        self._belongs = belongs
        self._describe_sessions = describe_sessions
        #: What callbacks raised. Whoever owns the view raises it where it is seen.
        self.callback_errors: list[BaseException] = []

    @property
    def messages(self) -> list[ReceivedMessage]:
        """The messages that are here now, oldest first."""
        return [message for message in self._arrivals.snapshot() if self._belongs(message)]

    def get(self, message_id: str) -> ReceivedMessage | None:
        """Return the message of an id, None when it is not here."""
        message = self._arrivals.get(message_id)
        return message if message is not None and self._belongs(message) else None

    def duplicates(self) -> list[list[ReceivedMessage]]:
        """Give the messages that came more than once, those of one Message-ID together.

        They come in the order of each one's first arrival; messages without a Message-ID are none.
        """
        from fakesmtp.messages.duplicates import group_duplicates  # noqa: PLC0415

        return group_duplicates(self.messages)

    @property
    def waiting(self) -> int:
        """How many wait for messages or subscribe to them, in this view and all others."""
        return self._arrivals.listeners

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {len(self.messages)} messages>"

    def view(
        self,
        belongs: Belongs,
        describe_sessions: Callable[[], Sequence[str]] | None = None,
    ) -> MessageView:
        """Give a view on those messages of this one for which `belongs` is true."""
        return MessageView(
            self._arrivals,
            lambda message: self._belongs(message) and belongs(message),
            describe_sessions or self._describe_sessions,
        )

    # -- waiting -----------------------------------------------------------------------------------
    # `__tracebackhide__` makes pytest show the line of the test that waits, and not ours.

    def wait_for(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Give the oldest message that matches, here already or still to come.

        Raises `NoMatchingMessage`, which says what did arrive, when none has come in time.
        """
        __tracebackhide__ = True
        return self.wait_for_count(1, timeout=timeout, **conditions)[0]

    def wait_for_count(
        self, count: int, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> list[ReceivedMessage]:
        """Give the `count` oldest messages that match; raises as `wait_for` does."""
        __tracebackhide__ = True
        search = self._search(conditions, count)
        self._run(search, timeout)
        return self._found(search, timeout, blocked=running_loop())

    async def wait_for_async(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Do as `wait_for` does, without blocking the running loop of asyncio or trio."""
        __tracebackhide__ = True
        search = self._search(conditions, 1)
        await self._run_async(search, timeout)
        return self._found(search, timeout)[0]

    def take(
        self, *, timeout: float = 5.0, **conditions: Unpack[MessageConditions]
    ) -> ReceivedMessage:
        """Do as `wait_for` does, and take the message away; no two callers get the same one."""
        __tracebackhide__ = True
        search = self._search(conditions, 1, takes=True)
        self._run(search, timeout)
        return self._found(search, timeout, blocked=running_loop())[0]

    def expect_none(self, *, within: float = 0.0, **conditions: Unpack[MessageConditions]) -> None:
        """Return when no message that matches is here or has come within some time.

        Raises `NoMatchingMessage` as soon as there is one. 0 looks only at what is here.
        `FakeSMTPError` in a running event loop, where nothing could send meanwhile.
        """
        __tracebackhide__ = True
        loop = running_loop() if within > 0 else None
        if loop:
            raise FakeSMTPError(
                f"expect_none(within={within:g}) would pass because {_blocks(loop)}: use "
                "`await expect_none_async(…)`"
            )
        search = self._search(conditions, 1)
        self._run(search, within)
        self._found_none(search)

    async def expect_none_async(
        self, *, within: float = 0.0, **conditions: Unpack[MessageConditions]
    ) -> None:
        """Do as `expect_none` does, without blocking the running loop of asyncio or trio."""
        __tracebackhide__ = True
        search = self._search(conditions, 1)
        await self._run_async(search, within)
        self._found_none(search)

    def _search(self, conditions: MessageConditions, count: int, *, takes: bool = False) -> Search:
        # Lazily: the first search loads what compares messages; the server does not need it.
        from fakesmtp.messages.matching import Conditions  # noqa: PLC0415
        from fakesmtp.messages.searching import Search, Taking  # noqa: PLC0415

        if takes:
            return Taking(Conditions(**conditions), self._belongs, self._arrivals.remove)
        return Search(Conditions(**conditions), self._belongs, count)

    def _run(self, search: Search, timeout: float) -> None:
        """Offer messages until the search has enough or time is up."""
        from queue import Empty, SimpleQueue  # noqa: PLC0415 - lazily: see _search

        deadline = monotonic() + min(timeout, TIMEOUT_MAX)
        arriving: SimpleQueue[ReceivedMessage] = SimpleQueue()
        with self._arrivals.listening(arriving.put) as present:
            search.offer_all(present)
            self._check_source(search, timeout)
            while search.missing > 0:
                try:
                    message = arriving.get(timeout=max(0.0, deadline - monotonic()))
                except Empty:
                    return
                search.offer(message)

    async def _run_async(self, search: Search, timeout: float) -> None:
        """Do as `_run` does; the sentinel None says that time is up."""
        arriving = open_handover()
        with self._arrivals.listening(arriving.put) as present:
            search.offer_all(present)
            self._check_source(search, timeout)
            if search.missing > 0:
                with alarm(timeout, partial(arriving.put, None)):
                    while search.missing > 0 and (arrived := await arriving.get()):
                        search.offer(arrived)

    def _check_source(self, search: Search, timeout: float) -> None:
        """Raise `FakeSMTPError` when a search is to wait for what cannot come."""
        if self._arrivals.cut_off and search.missing > 0 and timeout > 0:
            raise FakeSMTPError(self._arrivals.cut_off)

    def _found(
        self, search: Search, timeout: float, *, blocked: str | None = None
    ) -> list[ReceivedMessage]:
        """Give what was found; `blocked` is the event loop that could not run meanwhile."""
        __tracebackhide__ = True
        if search.missing <= 0:
            return search.found
        wanted = len(search.found) + search.missing
        came = f"only {len(search.found)} of {wanted} messages" if search.found else "no message"
        lines = [
            f"{came} came within {timeout:g} s",
            f"awaited: {search.conditions}",
            *search.report(),
            *(self._describe_sessions() if self._describe_sessions else ()),
            *(_explain_blocked(blocked) if blocked and timeout > 0 else ()),
        ]
        raise NoMatchingMessage("\n".join(lines))

    def _found_none(self, search: Search) -> None:
        __tracebackhide__ = True
        if search.found:
            lines = [
                "a message came that should not have",
                f"not wanted: {search.conditions}",
                f"  {search.describe_found()}",
            ]
            raise NoMatchingMessage("\n".join(lines))

    # -- clearing, subscribing ---------------------------------------------------------------------

    def clear(self) -> int:
        """Forget the messages that are here, and say how many there were."""
        return len(self._arrivals.remove({message.id for message in self.messages}))

    def subscribe(self, callback: Callable[[ReceivedMessage], object]) -> Callable[[], None]:
        """Call back for every new message; call what is returned to end it.

        What the callback raises is added to `callback_errors` and stops nothing.
        """

        def listener(message: ReceivedMessage) -> None:
            try:
                if self._belongs(message):
                    callback(message)
            except BaseException as error:  # noqa: BLE001 - it is the owner's, who finds it there
                self.callback_errors.append(error)

        self._arrivals.listen(listener)
        return lambda: self._arrivals.stop_listening(listener)


def _blocks(loop: str) -> str:
    return f"it blocks the {loop} event loop of this thread, so that nothing in it can send"


def _explain_blocked(loop: str) -> tuple[str, ...]:
    return (
        f"no client in this thread could send meanwhile: {_blocks(loop)}",
        f"  use `await wait_for_async(…)`, or call this by `await {TO_THREAD[loop]}(…)`",
    )


def _without_session(record: MessageRecord) -> Recorded:
    raise FakeSMTPError(f"session {record.session_id} is no longer stored")


class Mailbox(MessageView):
    """All that arrived.

    `describe_sessions` gives lines about sessions that no message came of, for errors.
    `find_session` finds the session of a message that is read from a durable store.
    """

    def __init__(
        self,
        store: Store,
        describe_sessions: Callable[[], Sequence[str]] | None = None,
        find_session: FindSession = _without_session,
    ) -> None:
        super().__init__(Arrivals(store, find_session), lambda _: True, describe_sessions)

    def cut_off(self, reason: str) -> None:
        """Let waiting for messages that cannot come raise `FakeSMTPError`; with "" no longer."""
        self._arrivals.cut_off = reason

    def append(self, message: ReceivedMessage) -> Ticket[int]:
        """Store a message. Where it is stored by then, wake waiting callers and subscribers.

        Else call `announce` when the ticket is done.
        """
        return self._arrivals.add(message)

    def announce(self, message: ReceivedMessage) -> None:
        """Wake waiting callers and subscribers for a message that was appended."""
        self._arrivals.announce(message)
