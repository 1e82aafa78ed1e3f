"""Reports in the main thread what happens in the server's thread, until `serve` ends."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from fakesmtp.clock import monotonic
from fakesmtp.messages import ReceivedMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.cli.printer import Printer
    from fakesmtp.cli.report import Report
    from fakesmtp.faults.rules import Rule
    from fakesmtp.sessions import Session
    from fakesmtp.storage.base import Store

    _Event = ReceivedMessage | Session | tuple[Rule, ...]

#: Seconds for a client that keeps its connection open to read the last reply.
_LAST_REPLY = 1.0
#: Seconds of one wait. A signal does not end a wait that is about to begin when it arrives, and on
#: Windows it ends no wait; so each wait has an end.
_WAIT = 0.5
_EXIT_AFTER = "--exit-after"
_DRAINED = "drained"


class Monitor:
    """Prints the events of one server. A slow terminal delays neither it nor a client."""

    def __init__(
        self,
        report: Report,
        printer: Printer,
        store: Store,
        *,
        wanted: int | None,
    ) -> None:
        """Report that `store` is full; end after `wanted` messages."""
        self._report = report
        self._print = printer.put
        self._store = store
        self._wanted = wanted
        self._events: SimpleQueue[_Event | str] = SimpleQueue()
        self._messages = 0
        self._reported_full = False
        self._last_session = ""
        self._deadline: float | None = None

    def notify(self, event: _Event) -> None:
        """Take a message, an ended session, or the faults that are planned now. Thread-safe."""
        self._events.put(event)

    @contextmanager
    def handling_signals(self) -> Iterator[None]:
        """End `wait` on SIGINT (Ctrl-C) and SIGTERM."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [
            # SimpleQueue.put is reentrant: a signal handler may call it during get.
            signal.signal(each, lambda number, _: self._events.put(signal.Signals(number).name))
            for each in numbers
        ]
        try:
            yield
        finally:
            for each, handler in zip(numbers, before, strict=True):
                signal.signal(each, handler)

    def wait(self) -> str:
        """Report events until there is a reason to stop; return the reason."""
        reason = None
        while reason is None:
            reason = self._take()
        return reason

    def wait_until_drained(self, clients: int, seconds: float) -> None:
        """Report events until `drained` was called, or until a second signal."""
        if clients:
            self._print(self._report.draining(clients, seconds))
        self._deadline = None
        self.wait()

    def drained(self) -> None:
        """End `wait_until_drained`. Thread-safe."""
        self._events.put(_DRAINED)

    def stop(self, reason: str) -> None:
        """Report why the server stops."""
        self._print(self._report.stopping(reason, self._messages))

    def report_rest(self) -> None:
        """Report the events that are left after the server has stopped."""
        with suppress(Empty):
            while True:
                event = self._events.get_nowait()
                if not isinstance(event, str):
                    self._report_event(event)

    def _take(self) -> str | None:
        try:
            event = self._events.get(timeout=self._wait())
        except Empty:
            return None if self._deadline is None else _EXIT_AFTER
        if isinstance(event, str):
            return event
        self._report_event(event)
        is_over = self._deadline is not None and getattr(event, "id", "") == self._last_session
        return _EXIT_AFTER if is_over else None

    def _wait(self) -> float:
        return _WAIT if self._deadline is None else max(0.0, self._deadline - monotonic())

    def _report_event(self, event: _Event) -> None:
        if isinstance(event, ReceivedMessage):
            self._count(event)
            self._print(self._report.arrived(event))
        elif isinstance(event, tuple):
            self._print(self._report.planned(event))
        else:
            self._print(self._report.ended(event))

    def _count(self, message: ReceivedMessage) -> None:
        self._messages += 1
        if self._store.dropped and not self._reported_full:
            self._reported_full = True
            self._print(self._report.full())
        if self._messages == self._wanted:
            # Not at once: the reply to this message is on its way, and the client will send QUIT.
            self._last_session = message.session_id
            self._deadline = monotonic() + _LAST_REPLY
