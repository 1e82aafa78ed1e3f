"""Composes a connection's conversation: dialogue, hooks, rejecting rules, planned faults."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.faults.player import FaultPlayer
from fakesmtp.protocol.conversation import Conversation
from fakesmtp.protocol.fast import FastDialogue
from fakesmtp.sessions.causes import describe_half_message
from fakesmtp.sessions.notes import describe_half_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiosmtpd.smtp import SMTP

    from fakesmtp.protocol.dialogue import Dialogue
    from fakesmtp.sessions.recorder import Recorder
    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.smtp.services import Services, Terms


def make_dialogue(server: SMTP, terms: Terms, peer: tuple[str, int], *, tls: bool) -> Dialogue:
    """Create the dialogue with `peer` for these terms; a handler's hooks receive `server`."""
    make = _choose_dialogue(terms)
    if terms.hooks is not None:
        make = partial(make, hooks=terms.hooks, server=server, peer=peer)
    return make(terms.profile, terms.policy, terms.accounts, peer[0], tls=tls)


def _choose_dialogue(terms: Terms) -> Callable[..., Dialogue]:
    """Return the dialogue class for these terms; it checks rules if some are set to `reject`."""
    # Imported only when needed: few servers have a handler or such rules.
    has_hooks = terms.hooks is not None
    if terms.rules is not None and terms.rules.rejects:
        from fakesmtp.smtp import rejecting  # noqa: PLC0415 - see above

        kind = rejecting.RejectingHookedDialogue if has_hooks else rejecting.RejectingDialogue
        return partial(kind, rules=terms.rules)
    if has_hooks:
        from fakesmtp.smtp.hooked import HookedDialogue  # noqa: PLC0415 - see above

        return HookedDialogue
    return FastDialogue


def make_conversation(
    dialogue: Dialogue, recorder: Recorder, services: Services, listener: Listener, terms: Terms
) -> Conversation:
    """Create the conversation around a dialogue.

    Planned faults are outside the dialogue, so a fault also changes a hook's reply.
    """
    faults = FaultPlayer(
        terms.faults,
        dialogue,
        port=listener.port,
        session=recorder.session.id,
        connections=services.connections,
    )
    return Conversation(dialogue, terms.policy, faults.responder)


def describe_unfinished(conversation: Conversation) -> str:
    """Describe the unfinished line or message, `""` if there is none. Consumes unread bytes."""
    size = conversation.message_size
    if size is not None:
        return describe_half_message(size, has_lone_dot=conversation.has_lone_dot)
    return describe_half_line(conversation.take_unread().rpartition(b"\n")[2])
