"""Puts a connection's conversation together: the dialogue, a handler's hooks, planned faults."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.protocol.conversation import Conversation
from fakesmtp.protocol.fast import FastDialogue
from fakesmtp.smtp.faulting import FaultPlayer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.faults import FaultScript
    from fakesmtp.protocol.dialogue import Dialogue
    from fakesmtp.smtp.connection import Connection
    from fakesmtp.smtp.listeners import Listener


def make_conversation(
    connection: Connection,
    listener: Listener,
    peer: tuple[str, int],
    connections: Iterable[Connection],
) -> Conversation:
    """Make the conversation of a connection on its terms, `connections` being those of the server.

    The dialogue is innermost: a fault strikes also what a hook replies.
    """
    terms = connection.terms
    dialogue = _make_dialogue(connection, peer, tls=listener.implicit_tls)
    faults = FaultPlayer(
        terms.faults,
        dialogue,
        port=listener.real_port,
        session=connection.record.id,
        connections=partial(_count, connections, terms.faults),
    )
    return Conversation(dialogue, terms.policy, faults.speaker)


def _make_dialogue(connection: Connection, peer: tuple[str, int], *, tls: bool) -> Dialogue:
    terms = connection.terms
    if terms.hooks is None:
        return FastDialogue(terms.profile, terms.policy, terms.accounts, peer[0], tls=tls)
    # Few servers have a handler, and no start should take longer for it.
    from fakesmtp.smtp.hooked import HookedDialogue  # noqa: PLC0415

    return HookedDialogue(
        terms.profile,
        terms.policy,
        terms.accounts,
        peer[0],
        tls=tls,
        hooks=terms.hooks,
        server=connection,
        peer=peer,
    )


def _count(connections: Iterable[Connection], script: FaultScript) -> int:
    return sum(each.terms.faults is script for each in connections)
