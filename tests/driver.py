"""Plays bytes against the pure protocol, as a connection without a socket would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenarios import KEYS

from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.actions import (
    Actions,
    Deliver,
    HangUp,
    ReadMessage,
    Say,
    StartTls,
)
from fakesmtp.protocol.framing import LineReader, MessageReader
from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.quick import QuickDialogue

if TYPE_CHECKING:
    from fakesmtp.protocol.profile import Profile


class Driver:
    """A dialogue with its readers; what it says piles up in `said` until it is taken."""

    def __init__(
        self,
        policy: Policy | None = None,
        profile: Profile = NHN_CLOUD_EMAIL,
        *,
        tls: bool = False,
        ip: str = "127.0.0.1",
    ) -> None:
        self.policy = policy or Policy()
        accounts = FixedAccounts([KEYS])
        self.dialogue = QuickDialogue(profile, self.policy, accounts, ip, tls=tls)
        self.lines = LineReader()
        self.message: MessageReader | None = None
        self.said: list[str] = []
        self.actions: list[object] = []
        self.delivered: list[Deliver] = []
        self.closed = False
        self.perform(self.dialogue.greet())

    def send(self, data: bytes) -> list[str]:
        """Send bytes; gives the lines of all replies to them."""
        rest: bytes | None = data
        while rest and not self.closed:
            rest = self._read_lines(rest) if self.message is None else self._read_message(rest)
        return self.take_said()

    def take_said(self) -> list[str]:
        """The lines said since the last call."""
        said, self.said = self.said, []
        return said

    def shake_hands(self) -> None:
        """TLS is on; obey what is left from before it (nothing, by default)."""
        self.dialogue.tls_started()
        if self.lines.has_more:
            self._read_lines(self.lines.take_rest())

    def perform(self, actions: Actions) -> bool:
        """Do what was decided; whether reading lines must pause."""
        pause = False
        for action in actions:
            self.actions.append(action)
            if isinstance(action, (Say, StartTls)):
                self.said += action.reply.wire.decode("ascii").split("\r\n")[:-1]
            if isinstance(action, ReadMessage):
                self.message = MessageReader(
                    self.policy.max_message_size,
                    lone_lf_ends=self.policy.unsafe_lone_lf_ends_message,
                )
            if isinstance(action, Deliver):
                self.delivered.append(action)
            self.closed = self.closed or isinstance(action, HangUp)
            pause = pause or isinstance(action, StartTls)
        return pause

    def _read_lines(self, data: bytes) -> bytes | None:
        self.lines.feed(data)
        while (line := self.lines.next_line()) is not None:
            pause = self.perform(
                self.dialogue.receive_line(line, more_behind=self.lines.has_more)
                if line
                else self.dialogue.receive_long_line()
            )
            if self.message is not None:
                return self.lines.take_rest()
            if self.closed or pause:
                return None
        return None

    def _read_message(self, data: bytes) -> bytes | None:
        message = self.message
        assert message is not None
        rest = message.feed(data)
        for _ in range(message.long_lines):
            self.perform(self.dialogue.receive_long_line())
        message.long_lines = 0
        if rest is not None:
            self.message = None
            self.perform(
                self.dialogue.refuse_big_message()
                if message.is_too_big
                else self.dialogue.receive_message(message.raw())
            )
        return rest
