"""Scopes: the messages, sessions and faults of a server, a test or an account."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from fakesmtp.errors import forget_values
from fakesmtp.faults.account import AccountFaults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fakesmtp.faults import FaultScript
    from fakesmtp.findings.rules import Rules
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.messages.searching import Search
    from fakesmtp.place import Place
    from fakesmtp.protocol.credentials import Account
    from fakesmtp.sessions import Session

    OnMessage = Callable[[ReceivedMessage], None]
    OnSession = Callable[[Session], None]
    Stop = Callable[[], None]


class MessageSource(Protocol):
    """The messages that an inbox reads and waits for."""

    def snapshot(self) -> list[ReceivedMessage]:
        """Return all messages, oldest first."""

    def remove(self, ids: Collection[str], /) -> list[ReceivedMessage]:
        """Remove messages; return those that were there."""

    def run(self, search: Search, timeout: float) -> None:
        """Offer messages to a search until it has enough, for at most `timeout` seconds."""

    def matcher(self, text: str, /) -> Callable[[ReceivedMessage], bool]:
        """Return a function that tries a search on a message; raises `QueryError`."""

    async def run_async(self, search: Search, timeout: float) -> None:
        """Do the same as `run` without blocking the loop."""


class Scope(ABC):
    """The part of a server that an inbox shows.

    `failures` are the exceptions of its callbacks; the creator of the scope raises the first.
    """

    mailbox: MessageSource
    endpoint: Place
    failures: list[BaseException]

    def raise_failures(self) -> None:
        """Raise the first exception of the server or of a callback; forget the others."""
        failures = list(self.failures)
        self.failures.clear()
        if failures:
            forget_values(failures[0])
            raise failures[0]

    @property
    @abstractmethod
    def rules(self) -> Rules:
        """The rules of findings that check its messages and sessions."""

    @abstractmethod
    def check_open(self) -> None:
        """Raise `FakeSMTPError` if the scope has ended."""

    @abstractmethod
    def has_message(self, message: ReceivedMessage) -> bool:
        """Return whether a message belongs to the scope."""

    @property
    @abstractmethod
    def sessions(self) -> list[Session]:
        """The sessions of the scope, oldest first."""

    @abstractmethod
    def has_session(self, session: Session) -> bool:
        """Return whether a session belongs to the scope."""

    @abstractmethod
    def forget_sessions(self, belongs: Callable[[Session], bool]) -> None:
        """Forget the sessions of the scope for which `belongs` is true."""

    @property
    @abstractmethod
    def faults(self) -> FaultScript:
        """The planned faults of the scope."""

    @property
    @abstractmethod
    def accounts(self) -> tuple[Account, ...]:
        """The accounts that may log in; empty if any AppKey may log in."""

    @abstractmethod
    def new_account(self) -> Scope:
        """Add a random account; return its scope. Raises `FakeSMTPError` if any may log in."""

    @abstractmethod
    def watch_messages(self, callback: OnMessage) -> Stop:
        """Call `callback` for every new message of the server; return a function that stops it."""

    @abstractmethod
    def watch_sessions(self, callback: OnSession) -> Stop:
        """Call `callback` for every session that ends; return a function that stops it."""


class Part(Scope):
    """A part of another scope, `whole`. By default everything is passed to `whole`."""

    def __init__(self, whole: Scope) -> None:
        self.whole = whole
        self.mailbox = whole.mailbox
        self.endpoint = whole.endpoint
        self.failures = whole.failures

    @property
    def rules(self) -> Rules:
        """See `Scope`."""
        return self.whole.rules

    def check_open(self) -> None:
        """See `Scope`."""
        self.whole.check_open()

    @property
    def sessions(self) -> list[Session]:
        """See `Scope`."""
        return [session for session in self.whole.sessions if self.has_session(session)]

    def forget_sessions(self, belongs: Callable[[Session], bool]) -> None:
        """See `Scope`."""
        self.whole.forget_sessions(belongs)

    @property
    def faults(self) -> FaultScript:
        """See `Scope`."""
        return self.whole.faults

    @property
    def accounts(self) -> tuple[Account, ...]:
        """See `Scope`."""
        return self.whole.accounts

    def new_account(self) -> Scope:
        """See `Scope`."""
        return self.whole.new_account()

    def watch_messages(self, callback: OnMessage) -> Stop:
        """See `Scope`."""
        return self.whole.watch_messages(callback)

    def watch_sessions(self, callback: OnSession) -> Stop:
        """See `Scope`."""
        return self.whole.watch_sessions(callback)


class AccountScope(Part):
    """The messages and sessions of clients that log in with one account; it ends with `whole`."""

    def __init__(self, whole: Scope, account: Account) -> None:
        super().__init__(whole)
        self.account = account

    def has_message(self, message: ReceivedMessage) -> bool:
        """Return whether a message was sent with the account."""
        return message.app_key == self.account.app_key

    def has_session(self, session: Session) -> bool:
        """Return whether a session of `whole` logged in with the account."""
        return session.app_key == self.account.app_key and self.whole.has_session(session)

    @property
    def faults(self) -> FaultScript:
        """The fault rules of `whole` that apply only to this account."""
        return AccountFaults(self.whole.faults, self.account.app_key)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The account."""
        return (self.account,)
