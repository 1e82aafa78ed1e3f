"""Dialogues that refuse messages that break a rule with the level `reject`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from fakesmtp.findings import MessageReading
from fakesmtp.protocol.actions import CallHook, Discard, Envelope, Note, SendReply
from fakesmtp.protocol.dialogue import Dialogue
from fakesmtp.protocol.fast import FastDialogue
from fakesmtp.protocol.reasons import BECAUSE
from fakesmtp.smtp.hooked import HookedDialogue

if TYPE_CHECKING:
    from fakesmtp.findings import Finding, Rules
    from fakesmtp.protocol.actions import Actions


class Rejecting(Dialogue):
    """The part of a dialogue that checks each message before it is accepted.

    Rules run in a thread. The connection pauses meanwhile, and the loop serves other clients. The
    hooks of an aiosmtpd handler do not receive a refused message.
    """

    def __init__(self, *arguments: Any, rules: Rules, **options: Any) -> None:  # noqa: ANN401 - passed to the other class
        super().__init__(*arguments, **options)
        self._rules = rules

    def receive_message(self, raw: bytes) -> Actions:
        """Take a whole message, as `Dialogue.receive_message` does."""
        reading = MessageReading(
            raw,
            mail_type=self.login.mail_type if self.login else None,
            envelope=Envelope(self.mail_from or "", tuple(self.rcpt_tos), self.mail_parameters),
        )
        planned = super().receive_message(raw)
        return (CallHook("the check of findings", partial(self._check, reading, planned)),)

    async def _check(self, reading: MessageReading, planned: Actions) -> Actions:
        """Return the planned actions, or those that refuse the message."""
        finding = await asyncio.to_thread(self._rules.find_refusal, reading)
        if finding is not None:
            return self._refuse(reading, finding)
        last = planned[-1]
        return await last.ask() if isinstance(last, CallHook) else planned

    def _refuse(self, reading: MessageReading, finding: Finding) -> Actions:
        reply = self._profile.message_against_rule.reply(rule=finding.rule)
        note = Note(f"{BECAUSE}it breaks the rule {finding.rule}: {finding.text}")
        return (Discard(len(reading.raw)), note, SendReply(reply))


class RejectingDialogue(Rejecting, FastDialogue):
    """The dialogue of a server without a handler."""

    __slots__ = ()


class RejectingHookedDialogue(Rejecting, HookedDialogue):
    """The dialogue of a server with a handler: its hooks receive messages that no rule refuses."""

    __slots__ = ()
