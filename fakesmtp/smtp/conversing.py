"""Puts a connection's conversation together: the dialogue, a handler's hooks, planned faults."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.protocol.conversation import Conversation
from fakesmtp.protocol.fast import FastDialogue
from fakesmtp.smtp.faulting import FaultPlayer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fakesmtp.faults import FaultScript
    from fakesmtp.protocol.dialogue import Dialogue
    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.services import Services, Terms


def make_conversation(
    connection: Connection,
    services: Services,
    listener: Listener,
    terms: Terms,
    peer: tuple[str, int],
) -> Conversation:
    """Make the conversation of a connection from `peer` on these terms.

    The dialogue is innermost: a fault strikes also what a hook replies.
    """
    dialogue = _make_dialogue(connection, terms, peer, tls=listener.implicit_tls)
    faults = FaultPlayer(
        terms.faults,
        dialogue,
        port=listener.port,
        session=connection.recorder.session.id,
        connections=partial(_count, services.connections, terms.faults),
    )
    return Conversation(dialogue, terms.policy, faults.speaker)


def _make_dialogue(
    connection: Connection, terms: Terms, peer: tuple[str, int], *, tls: bool
) -> Dialogue:
    make: Callable[..., Dialogue] = FastDialogue
    if terms.hooks is not None:
        # Few servers have a handler, and no start should take longer for it.
        from fakesmtp.smtp.hooked import HookedDialogue  # noqa: PLC0415

        make = partial(HookedDialogue, hooks=terms.hooks, server=connection, peer=peer)
    return make(terms.profile, terms.policy, terms.accounts, peer[0], tls=tls)


def _count(connections: Iterable[Connection], script: FaultScript) -> int:
    return sum(each.faults is script for each in connections)
