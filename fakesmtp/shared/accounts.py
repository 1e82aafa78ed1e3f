"""Accounts that servers with the same store have issued."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError
from fakesmtp.faults.account import AccountFaults
from fakesmtp.protocol.credentials import Account
from fakesmtp.protocol.issued import hash_key, issue_pair, may_be_issued
from fakesmtp.shared.uses import Uses

if TYPE_CHECKING:
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.scope import Scope
    from fakesmtp.sessions import Session
    from fakesmtp.storage.shared import SharedAccount, SharedAccounts


class AccountKeeper:
    """Issues accounts that all servers of a store know, and ends them. Thread-safe.

    Uses are collected until they are written; see `write_uses`.
    """

    def __init__(self, server: Scope, accounts: SharedAccounts) -> None:
        self._server = server
        self._accounts = accounts
        self._used: set[str] = set()
        self._lock = Lock()
        #: The accounts of requests that are being answered.
        self.in_use = Uses(self.renew)
        self._stops = (
            server.watch_messages(self._renew_for),
            server.watch_sessions(self._renew_for),
        )

    def issue(self, ttl: float) -> tuple[Account, SharedAccount]:
        """Make a random account, which may log in to every server at once. Raises `StoreError`."""
        account = Account(*issue_pair())
        key_hash = hash_key(account.secret_key)
        return account, self._accounts.issue(account.app_key, key_hash, ttl).result()

    @property
    def live(self) -> tuple[SharedAccount, ...]:
        """The issued accounts of all servers, oldest first. Raises `StoreError`."""
        self.write_uses()
        return tuple(self._accounts.live())

    def renew(self, app_key: str | None) -> None:
        """Give an account its full time again, soon; a no-op for every other AppKey."""
        if app_key is not None and may_be_issued(app_key):
            with self._lock:
                self._used.add(app_key)

    def _renew_for(self, used: ReceivedMessage | Session) -> None:
        self.renew(used.app_key)

    def end(self, app_key: str) -> bool:
        """End an account, with its mail; return whether a server had issued it."""
        if not self._accounts.end(app_key).result():
            return False
        self._forget(app_key)
        return True

    def end_expired(self) -> None:
        """End the accounts that were not used in their time. Raises `StoreError`."""
        for app_key in self._accounts.end_expired():
            self._forget(app_key)

    def _forget(self, app_key: str) -> None:
        """Remove the fault rules of an account that has ended. Its sessions stay."""
        AccountFaults(self._server.faults, app_key).clear()

    def write_uses(self) -> None:
        """Write which accounts were used, or are in use. Raises `StoreError`."""
        self.in_use.renew_all()
        with self._lock:
            used, self._used = self._used, set()
        try:
            if used:
                self._accounts.renew(used).result()
        except StoreError:
            with self._lock:
                self._used |= used  # written next time
            raise

    def close(self) -> None:
        """Stop watching the server; accounts and mail stay."""
        for stop in self._stops:
            stop()
