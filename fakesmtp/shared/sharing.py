"""Connects a running server with what its store shares."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError
from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.shared.accounts import AccountKeeper
from fakesmtp.shared.directory import SharedDirectory
from fakesmtp.shared.faults import SharedFaults
from fakesmtp.shared.rules import RuleKeeper
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.scope import Scope
    from fakesmtp.storage.shared import SharedState
    from fakesmtp.storage.updates import Update, Updates

log = logging.getLogger("fakesmtp")

#: Seconds between two times at which the uses of accounts are written and accounts end.
_PERIOD = 1.0


class Sharing:
    """What a server shares with others, until `close`.

    Accounts that any of them has issued may log in. The rules in `faults` are in force; a thread
    reads them again when another server has changed them. Raises `StoreError`.
    """

    def __init__(
        self, server: Scope, accounts: Accounts, shared: SharedState, updates: Updates
    ) -> None:
        self._updates = updates
        #: The token that changes on the page need: one for all servers, which serve one page.
        self.page_token = shared.read_page_token()
        self._keeper = RuleKeeper(server.faults, shared.rules, updates)
        self.accounts = AccountKeeper(server, shared.accounts)
        self.faults = SharedFaults(server.faults, self._keeper, shared.rules, updates)
        if isinstance(accounts, FixedAccounts):
            accounts.directory = SharedDirectory(shared.accounts)
        self._stop_watching = server.watch_sessions(self._keeper.end_session)
        self._last = updates.cursor
        self._has_new_rules = self._is_over = False
        self._wake = Event()
        updates.listen(self._look_at)
        self._thread = Thread(target=self._run, name="fakesmtp-sharing", daemon=True)
        self._thread.start()

    def _look_at(self, update: Update) -> None:
        """Wake the thread if rules have changed, also if that was perhaps missed."""
        is_next, self._last = update.cursor == self._last + 1, update.cursor
        if update.kind is UpdateKind.FAULTS_CHANGED or not is_next:
            self._has_new_rules = True
            self._wake.set()

    def _run(self) -> None:
        while not self._is_over:
            try:
                self._work()
            except StoreError:
                log.debug("what servers share is not known now", exc_info=True)
                self._has_new_rules = True
            self._wake.wait(_PERIOD)
            self._wake.clear()

    def _work(self) -> None:
        if self._has_new_rules:
            self._has_new_rules = False
            self._keeper.read()
        self._keeper.forget_sessions()
        self.accounts.write_uses()
        self.accounts.end_expired()

    def close(self) -> None:
        """Stop sharing; everything that was shared stays in the store. Idempotent."""
        self._updates.stop_listening(self._look_at)
        self._stop_watching()
        self.accounts.close()
        self._is_over = True
        self._wake.set()
        self._thread.join()
