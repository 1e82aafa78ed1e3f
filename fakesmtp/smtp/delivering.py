"""From a message that has arrived to the reply to it: the reply waits until it is durable.

The connection waits alone, and the loop never: other clients go on meanwhile.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.protocol.actions import Discard, Note, Say
from fakesmtp.smtp.hold import Hold

if TYPE_CHECKING:
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.protocol.actions import Actions, Deliver
    from fakesmtp.protocol.profile import Profile
    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.services import Services
    from fakesmtp.storage.base import Ticket


class Delivery(NamedTuple):
    """A message on its way into the store."""

    connection: Connection
    services: Services
    deliver: Deliver
    message: ReceivedMessage
    ticket: Ticket[int]

    @property
    def profile(self) -> Profile:
        """What the server replies with."""
        return self.connection._terms.profile  # noqa: SLF001 - as below


def deliver(connection: Connection, action: Deliver) -> None:
    """Store a message. Where that takes time, the connection pauses, and goes on by itself."""
    services = connection._services  # noqa: SLF001 - public, a handler's hooks could reach it
    message, ticket = services.deliver(action, connection.recorder.session)
    delivery = Delivery(connection, services, action, message, ticket)
    if ticket.done():
        _settle(delivery)
        return
    connection.hold = Hold.PAUSE  # it reads no more as soon as something arrives
    ticket.add_done_callback(lambda _: services.handover.put(partial(_go_on, delivery)))
    if not services.has_room():
        for each in services.connections:
            each.set_room(has_room=False)


def _go_on(delivery: Delivery) -> None:
    """Let a connection go on whose message is durable, or could not be stored."""
    if delivery.ticket.exception() is None:
        delivery.services.announce(delivery.message)
    _settle(delivery)
    if delivery.connection.hold is Hold.PAUSE:  # not where the client has gone
        delivery.connection.resume()
    if delivery.services.has_room():
        for each in delivery.services.connections:
            each.set_room(has_room=True)


def _settle(delivery: Delivery) -> None:
    connection, action = delivery.connection, delivery.deliver
    error = delivery.ticket.exception()
    if error is None:
        connection.recorder.took_message(delivery.message.id, action.raw, action.envelope)
    else:
        refusal = delivery.profile.internal_error.reply()
        note = Note(f"the message could not be stored: {error}")
        instead = (Discard(len(action.raw)), note, Say(refusal))
        connection.left = _replace_reply(connection.left, instead)


def _replace_reply(actions: Actions, instead: Actions) -> Actions:
    """Return the actions with others in place of the first reply."""
    first = next((n for n, each in enumerate(actions) if isinstance(each, Say)), len(actions))
    return (*actions[:first], *instead, *actions[first + 1 :])
