"""Stores a received message and delays its reply until the message is durable.

Only this connection waits. The loop continues to serve other clients.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.protocol.actions import SendReply
from fakesmtp.protocol.reasons import BECAUSE
from fakesmtp.smtp.hold import Hold

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.protocol.actions import Actions, Deliver
    from fakesmtp.sessions.recorder import Recorder
    from fakesmtp.smtp.services import Served, Services, Terms
    from fakesmtp.storage.base import Ticket


class Delivering:
    """The part of a connection that stores messages."""

    recorder: Recorder
    transport: asyncio.BaseTransport | None
    _services: Services
    _terms: Terms
    _hold: Hold | None
    _left: Actions
    _is_storing: bool

    def deliver(self, deliver: Deliver) -> None:
        """Store a message. If that takes time, pause until it is durable."""
        services = self._services
        message, ticket = services.deliver(deliver, self.recorder.session)
        if ticket is None:
            self._record(deliver, message)
            return
        # The next bytes that arrive pause reading.
        self._hold, self._is_storing = Hold.PAUSE, True
        go_on = partial(self._go_on, deliver, message, ticket)
        ticket.add_done_callback(lambda _: services.handover.put(go_on))
        if not services.accepts_more() and not services.handover.is_full:
            services.handover.is_full = True
            for each in services.connections:
                each.pause_writing()

    def _go_on(self, deliver: Deliver, message: ReceivedMessage, ticket: Ticket[int]) -> None:
        """Continue after a message is durable or could not be stored."""
        services = self._services
        if ticket.exception() is None:
            services.announce(message)
        self._settle(deliver, message, ticket)
        self._is_storing = False
        if self._hold is Hold.PAUSE:
            self._resume()
        else:
            self._finish_late()
        if services.handover.is_full and services.accepts_more():
            services.handover.is_full = False
            _read_again(services.connections)

    def _settle(self, deliver: Deliver, message: ReceivedMessage, ticket: Ticket[int]) -> None:
        error = ticket.exception()
        if error is None:
            self._record(deliver, message)
            return
        self.recorder.record_discarded_message(len(deliver.raw))
        self.recorder.record_note(f"{BECAUSE}the message could not be stored: {error}")
        refusal = self._terms.profile.internal_error.reply()
        self._left = _replace_reply(self._left, SendReply(refusal))

    def _record(self, deliver: Deliver, message: ReceivedMessage) -> None:
        self.recorder.record_message(message.id, deliver.raw, deliver.envelope)

    def _resume(self, actions: Actions = ()) -> None:
        raise NotImplementedError

    def _finish_late(self) -> None:
        raise NotImplementedError


def _read_again(connections: Iterable[Served]) -> None:
    """Resume reading from the clients that read their replies."""
    for each in connections:
        transport = each.transport
        if transport is not None and not _is_full(transport):
            each.resume_writing()


def _is_full(transport: asyncio.BaseTransport) -> bool:
    size, limits = (
        getattr(transport, name)() for name in ("get_write_buffer_size", "get_write_buffer_limits")
    )
    return bool(size > limits[1])


def _replace_reply(actions: Actions, instead: SendReply) -> Actions:
    """Return the actions with the first reply replaced by `instead`."""
    first = next((n for n, each in enumerate(actions) if isinstance(each, SendReply)), len(actions))
    return (*actions[:first], instead, *actions[first + 1 :])
