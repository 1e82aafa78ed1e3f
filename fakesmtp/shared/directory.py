"""The accounts that other servers have issued, for clients that log in here."""

from __future__ import annotations

from asyncio import wrap_future
from typing import TYPE_CHECKING

from fakesmtp.protocol.issued import has_issued_key, is_key_of, may_be_issued

if TYPE_CHECKING:
    from fakesmtp.storage.shared import SharedAccounts


class SharedDirectory:
    """Looks up accounts in a store; see `fakesmtp.protocol.accounts.Directory`.

    It is asked at every login, so an account that was issued or ended by any server is right at
    once at all of them.
    """

    def __init__(self, accounts: SharedAccounts) -> None:
        self._accounts = accounts

    def may_have(self, app_key: str) -> bool:
        """Return whether an AppKey has the form of those that servers issue."""
        return may_be_issued(app_key)

    def find_secret(self, text: bytes) -> bool:
        """Return whether `text` contains a SecretKey of the form of those that servers issue."""
        return has_issued_key(text)

    async def verify(self, app_key: str, secret_key: str) -> bool | None:
        """Return whether the SecretKey is right; None for an unknown AppKey.

        Raises `StoreError`.
        """
        found = await wrap_future(self._accounts.find(app_key))
        return None if found is None else is_key_of(secret_key, found.key_hash)
