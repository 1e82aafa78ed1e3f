"""Connects a running server with what its store shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.shared.accounts import AccountKeeper
from fakesmtp.shared.directory import SharedDirectory

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.scope import Scope
    from fakesmtp.storage.shared import SharedState


class Sharing:
    """What a server shares with others, until `close`. `accounts` of all may log in to it."""

    def __init__(self, server: Scope, accounts: Accounts, shared: SharedState) -> None:
        self.accounts = AccountKeeper(server, shared.accounts)
        if isinstance(accounts, FixedAccounts):
            accounts.directory = SharedDirectory(shared.accounts)

    def close(self) -> None:
        """Stop sharing; everything that was shared stays in the store."""
        self.accounts.close()
