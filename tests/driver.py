"""Sends bytes to the pure protocol, as a connection without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenarios import KEYS

from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.actions import (
    Action,
    Actions,
    Close,
    Deliver,
    SendReply,
    StartHandshake,
    StartTls,
)
from fakesmtp.protocol.conversation import Conversation
from fakesmtp.protocol.fast import FastDialogue
from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.dialogue import Dialogue
    from fakesmtp.protocol.nhn import Profile


class Driver:
    """A conversation; its replies are collected in `replies` until they are taken."""

    def __init__(
        self,
        policy: Policy | None = None,
        profile: Profile = NHN_CLOUD_EMAIL,
        *,
        tls: bool = False,
        ip: str = "127.0.0.1",
        kind: type[Dialogue] = FastDialogue,
        accounts: Accounts | None = None,
    ) -> None:
        self.policy = policy or Policy()
        accounts = accounts or FixedAccounts([KEYS])
        self.dialogue = kind(profile, self.policy, accounts, ip, tls=tls)
        self.conversation = Conversation(self.dialogue, self.policy)
        self._implicit_tls = tls
        self.replies: list[str] = []
        self.actions: list[Action] = []
        self.closed = False
        self._waits_for_tls = False
        self.perform(self.conversation.connect(implicit_tls=tls))
        if tls:
            self.start_tls()

    @property
    def delivered(self) -> list[Deliver]:
        """Return the messages that were delivered."""
        return [action for action in self.actions if isinstance(action, Deliver)]

    def send(self, data: bytes) -> list[str]:
        """Send bytes; return the lines of all replies to them."""
        if not self.closed:
            self.conversation.feed(data)
            self._continue()
        return self.take_replies()

    def take_replies(self) -> list[str]:
        """Return the reply lines since the last call."""
        replies, self.replies = self.replies, []
        return replies

    def start_tls(self) -> None:
        """Continue inside TLS, also with input from before TLS that the policy keeps."""
        self._waits_for_tls = False
        self.perform(self.conversation.tls_started(implicit_tls=self._implicit_tls))
        self._continue()

    def _continue(self) -> None:
        while not (self.closed or self._waits_for_tls):
            actions = self.conversation.next_actions()
            if not actions:
                return
            self.perform(actions)

    def perform(self, actions: Actions) -> None:
        """Perform the actions of the dialogue."""
        for action in actions:
            self.actions.append(action)
            if isinstance(action, (SendReply, StartTls)):
                self.replies += action.reply.wire.decode("ascii").split("\r\n")[:-1]
            self.closed = self.closed or isinstance(action, Close)
            self._waits_for_tls = isinstance(action, (StartTls, StartHandshake))
