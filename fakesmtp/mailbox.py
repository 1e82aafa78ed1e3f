"""The messages that arrived, with waiting. Thread-safe; works with asyncio and trio.

A message is stored and passed to all waiting callers in one step, so no caller gets it twice or
misses it. Each caller reads messages from its own queue, in its own thread.
"""

from __future__ import annotations

from functools import partial
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING

from fakesmtp.arrivals import Arrivals
from fakesmtp.awaiting import alarm, open_handover
from fakesmtp.clock import monotonic
from fakesmtp.errors import FakeSMTPError

if TYPE_CHECKING:
    from fakesmtp.arrivals import FindSession
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.messages.searching import Search
    from fakesmtp.sessions import Session
    from fakesmtp.storage.base import Store


def _without_session(record: MessageRecord) -> Session:
    raise FakeSMTPError(f"session {record.session_id} is no longer stored")


class Mailbox(Arrivals):
    """The messages of one server, and the listeners for new ones."""

    def __init__(self, store: Store, find_session: FindSession = _without_session) -> None:
        """Read from a store; `find_session` finds the session of a message read from a file."""
        super().__init__(store, find_session)
        self._cut_off = ""

    # -- searching ---------------------------------------------------------------------------------

    def cut_off(self, reason: str) -> None:
        """Make a search that would wait raise `FakeSMTPError(reason)`; `""` allows waiting."""
        self._cut_off = reason

    def run(self, search: Search, timeout: float) -> None:
        """Offer messages to a search until it has enough, for at most `timeout` seconds."""
        from queue import Empty, SimpleQueue  # noqa: PLC0415 - for the first search, not at start

        deadline = monotonic() + min(timeout, TIMEOUT_MAX)
        arriving: SimpleQueue[ReceivedMessage] = SimpleQueue()
        with self.listening(arriving.put) as present:
            search.offer_all(present)
            self._check_source(search, timeout)
            while search.missing > 0:
                try:
                    message = arriving.get(timeout=max(0.0, deadline - monotonic()))
                except Empty:
                    return
                search.offer(message)

    async def run_async(self, search: Search, timeout: float) -> None:
        """Do the same as `run` without blocking the loop; None in the queue means time-out."""
        arriving = open_handover()
        with self.listening(arriving.put) as present:
            search.offer_all(present)
            self._check_source(search, timeout)
            if search.missing > 0:
                with alarm(timeout, partial(arriving.put, None)):
                    while search.missing > 0 and (arrived := await arriving.get()):
                        search.offer(arrived)

    def _check_source(self, search: Search, timeout: float) -> None:
        """Raise `FakeSMTPError` if a search would wait for messages that cannot arrive."""
        if self._cut_off and search.missing > 0 and timeout > 0:
            raise FakeSMTPError(self._cut_off)
