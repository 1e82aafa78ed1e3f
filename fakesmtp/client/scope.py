"""What belongs to a client, or to one account that it was issued."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.client.events import Follower
from fakesmtp.client.faults import RemoteFaults
from fakesmtp.client.mailbox import RemoteMailbox, read_session
from fakesmtp.errors import FakeSMTPError
from fakesmtp.faults.account import AccountFaults
from fakesmtp.protocol.credentials import Account
from fakesmtp.protocol.secret import hide
from fakesmtp.scope import Scope
from fakesmtp.sessions.session import rules_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.client.place import RemotePlace
    from fakesmtp.client.requests import Requests
    from fakesmtp.faults.script import FaultScript
    from fakesmtp.findings.rules import Rules
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.scope import OnMessage, OnSession, Stop
    from fakesmtp.sessions import Session

_PAGE = 100


class RemoteScope(Scope):
    """The messages and sessions of a running server: all of them, or those of an account."""

    def __init__(
        self, requests: Requests, place: RemotePlace, account: Account | None = None
    ) -> None:
        self.requests = requests
        self.endpoint = self._place = place
        self.account = account
        self.failures = []
        self._app_key = None if account is None else account.app_key
        self._remote_mailbox = RemoteMailbox(requests, self._app_key)
        self.mailbox = self._remote_mailbox
        self._whole_faults = RemoteFaults(requests)
        self._cleared: set[str] = set()
        self._parts: list[RemoteScope] = []
        self._followers: list[Follower] = []
        self._is_open = True
        #: The error of every method after `close`.
        self.when_closed = "this client was closed: make a new one"

    @property
    def rules(self) -> Rules:
        """The default rules: what the server sends is checked here."""
        return rules_of()

    def check_open(self) -> None:
        """Raise `FakeSMTPError` when the client was closed, or the account was ended."""
        if not self._is_open:
            raise FakeSMTPError(self.when_closed)

    def has_message(self, message: ReceivedMessage) -> bool:
        """Return True: the server sends only what belongs here."""
        del message
        return True

    @property
    def sessions(self) -> list[Session]:
        """The sessions that were not cleared, oldest first."""
        ids: list[str] = []
        cursor: str | None = None
        while True:
            page = self.requests.get("/sessions", app_key=self._app_key, cursor=cursor, limit=_PAGE)
            ids += [each["id"] for each in page["sessions"]]
            cursor = page["cursor"]
            if cursor is None:
                break
        wanted = (each for each in reversed(ids) if each not in self._cleared)
        found = map(partial(read_session, self.requests), wanted)
        return [session for session in found if session is not None]

    def has_session(self, session: Session) -> bool:
        """Return True: the server sends only what belongs here."""
        del session
        return True

    def forget_sessions(self, belongs: Callable[[Session], bool]) -> None:
        """Leave out sessions from now on; the server keeps them."""
        self._cleared |= {session.id for session in self.sessions if belongs(session)}

    @property
    def faults(self) -> FaultScript:
        """The fault rules: all, or those that apply only to the account."""
        whole = self._whole_faults
        return whole if self._app_key is None else AccountFaults(whole, self._app_key)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The account, if this is the scope of one."""
        return () if self.account is None else (self.account,)

    def new_account(self) -> RemoteScope:
        """Have an account issued; it ends with this scope."""
        answer = self.requests.change("POST", "/accounts", {})
        account = Account(answer["app_key"], hide(answer["secret_key"]))
        part = RemoteScope(self.requests, self._place, account)
        part.failures = self.failures
        self._parts.append(part)
        return part

    def watch_messages(self, callback: OnMessage) -> Stop:
        """Call `callback` for every new message; return a function that stops it."""

        def notice(row: dict[str, str]) -> None:
            message = self._remote_mailbox.get(row["id"])
            if message is not None:
                callback(message)

        return self._follow("message", notice)

    def watch_sessions(self, callback: OnSession) -> Stop:
        """Call `callback` for every session that ends; return a function that stops it."""

        def notice(row: dict[str, str]) -> None:
            session = read_session(self.requests, row["id"])
            if session is not None:
                callback(session)

        return self._follow("session", notice)

    def _follow(self, name: str, notice: Callable[[dict[str, str]], None]) -> Stop:
        follower = Follower(self.requests, name, self._app_key, notice)
        follower.start()
        self._followers.append(follower)
        return follower.stop

    def close(self) -> None:
        """End the accounts that were issued here, and stop following. Idempotent."""
        for follower in self._followers:
            follower.stop()
        for part in self._parts:
            part.close()
        if self._is_open and self.account is not None:
            self.requests.change("DELETE", f"/accounts/{self.account.app_key}")
        self._is_open = False
        self._parts.clear()
        self._followers.clear()
