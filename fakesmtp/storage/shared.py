"""What servers share beside messages and sessions, if their store is one that servers share.

The clock is that of the store, so servers whose clocks differ agree on what has expired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from concurrent.futures import Future


class SharedAccount(NamedTuple):
    """An account that a server has issued. `ttl` is in seconds, `expires` in seconds of the epoch.

    `key_hash` is what a SecretKey is compared with; the SecretKey itself is not stored.
    """

    app_key: str
    key_hash: str
    ttl: float
    expires: float


class SharedAccounts(Protocol):
    """The accounts that the servers of a store have issued. Raises `StoreError`."""

    def issue(self, app_key: str, key_hash: str, ttl: float) -> Future[SharedAccount]:
        """Add an account that lives `ttl` seconds without being used."""

    def live(self) -> list[SharedAccount]:
        """Return the accounts that have not ended, oldest first."""

    def find(self, app_key: str) -> Future[SharedAccount | None]:
        """Look up one account. A thread of the store does it."""

    def renew(self, app_keys: Collection[str]) -> Future[None]:
        """Give accounts their full time again; other AppKeys are ignored."""

    def end(self, app_key: str) -> Future[bool]:
        """End an account with its messages and rules; the ticket gives whether it was there.

        When several servers end the same account, one of them gets True.
        """

    def end_expired(self) -> list[str]:
        """End the accounts that were not used in their time; return their AppKeys."""


class SharedState(Protocol):
    """Everything that servers share beside messages and sessions."""

    @property
    def accounts(self) -> SharedAccounts:
        """The accounts that were issued."""
