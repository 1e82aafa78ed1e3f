"""The desk: hears from the server's thread what happened, and says it in the main one."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic
from fakesmtp.messages import ReceivedMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.cli.outbox import Outbox
    from fakesmtp.cli.report import Report
    from fakesmtp.faults.rules import Rule
    from fakesmtp.sessions import Session
    from fakesmtp.storage.base import Store

    _News = ReceivedMessage | Session | tuple[Rule, ...]
    _Event = _News | str

#: A client that keeps its connection open gets this long (seconds) to read the last reply.
_GOODBYE = 1.0
#: Seconds of one wait. A signal does not end a wait that was about to begin when it came, and on
#: Windows none at all; so no wait is without an end.
_PATIENCE = 0.5
_ENOUGH = "--exit-after"


class Desk:
    """One server's desk. A slow terminal holds up neither the desk nor a client."""

    def __init__(self, report: Report, outbox: Outbox, store: Store, *, wanted: int | None) -> None:
        """Report that `store` is full; end after `wanted` messages."""
        self._report = report
        self._say = outbox.put
        self._store = store
        self._wanted = wanted
        self._events: SimpleQueue[_Event] = SimpleQueue()
        self._messages = 0
        self._said_full = False
        self._last_session = ""
        self._deadline: float | None = None

    def hear(self, event: _News) -> None:
        """Take a message, an ended session, or the faults that are planned now. Thread-safe."""
        self._events.put(event)

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Let SIGINT (Ctrl-C) and SIGTERM be reasons to stop."""
        heeded = (signal.SIGINT, signal.SIGTERM)
        before = [
            # A SimpleQueue may be put into while it is being read in the same thread.
            signal.signal(each, lambda number, _: self._events.put(signal.Signals(number).name))
            for each in heeded
        ]
        try:
            yield
        finally:
            for each, handler in zip(heeded, before, strict=True):
                signal.signal(each, handler)

    def work(self) -> None:
        """Say what happens until there is a reason to stop; then say that."""
        reason = None
        while reason is None:
            reason = self._take()
        self._say(self._report.stopping(reason, self._messages))

    def clear(self) -> None:
        """Say what was left when the server stopped."""
        with suppress(Empty):
            while True:
                event = self._events.get_nowait()
                if not isinstance(event, str):
                    self._tell(event)

    def _take(self) -> str | None:
        try:
            event = self._events.get(timeout=self._patience())
        except Empty:
            return None if self._deadline is None else _ENOUGH
        if isinstance(event, str):
            return event
        self._tell(event)
        is_over = self._deadline is not None and getattr(event, "id", "") == self._last_session
        return _ENOUGH if is_over else None

    def _patience(self) -> float:
        return _PATIENCE if self._deadline is None else max(0.0, self._deadline - monotonic())

    def _tell(self, event: _News) -> None:
        if isinstance(event, ReceivedMessage):
            self._count(event)
            self._say(self._report.arrived(event))
        elif isinstance(event, tuple):
            self._say(self._report.planned(event))
        else:
            self._say(self._report.ended(event))

    def _count(self, message: ReceivedMessage) -> None:
        self._messages += 1
        if self._store.dropped and not self._said_full:
            self._said_full = True
            self._say(self._report.full())
        if self._messages == self._wanted:
            # Not at once: the reply to this message is on its way, and the client says QUIT.
            self._last_session = message.session_id
            self._deadline = monotonic() + _GOODBYE
