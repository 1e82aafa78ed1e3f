"""Accounts that the API issues: each is an inbox of its own, for one test."""

from __future__ import annotations

from threading import RLock, Timer
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.clock import now
from fakesmtp.faults.account import AccountFaults
from fakesmtp.options import fresh_pair
from fakesmtp.protocol.accounts import FixedAccounts
from fakesmtp.protocol.credentials import Account
from fakesmtp.shared.uses import Uses
from fakesmtp.storage.query import Equals

if TYPE_CHECKING:
    from fakesmtp.engine import Engine
    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.sessions import Session

#: Seconds between two looks for accounts that have expired, at least: one in use may never expire.
_SHORTEST = 0.1


class Issued(NamedTuple):
    """An account, how long it lives without being used (seconds), and until when (epoch)."""

    app_key: str
    ttl: float
    expires: float


class IssuedAccounts:
    """The accounts that were issued and have not ended. Thread-safe.

    An account ends with its mail and its fault rules. Its sessions stay, so that a test that failed
    can still be understood. Every message, every session and every request that names its AppKey
    renews its time. It does not end while such a request waits.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._issued: dict[str, Issued] = {}
        self._lock = RLock()
        self._timer: Timer | None = None
        #: The accounts of requests that are being answered.
        self.in_use = Uses(self.renew)
        self._stops = (
            engine.watch_messages(self._renew_for),
            engine.watch_sessions(self._renew_for),
        )

    def issue(self, ttl: float) -> tuple[Account, Issued]:
        """Make a random account, which may log in at once."""
        account = self._make_account()
        issued = Issued(account.app_key, ttl, now() + ttl)
        with self._lock:
            self._issued[account.app_key] = issued
            self._set_timer()
        return account, issued

    def _make_account(self) -> Account:
        """Add an account to the server. Where any AppKey may log in, a name is enough."""
        if isinstance(self._engine.terms.accounts, FixedAccounts):
            return self._engine.add_account()
        return Account(*fresh_pair())

    @property
    def live(self) -> tuple[Issued, ...]:
        """The issued accounts, oldest first."""
        return tuple(self._issued.values())

    def renew(self, app_key: str | None) -> None:
        """Give an account its full time again; a no-op for every other AppKey."""
        if app_key in self._issued:  # without the lock: most servers have issued none
            with self._lock:
                found = self._issued.get(app_key)
                if found is not None:
                    self._issued[app_key] = found._replace(expires=now() + found.ttl)

    def _renew_for(self, used: ReceivedMessage | Session) -> None:
        self.renew(used.app_key)

    def end(self, app_key: str) -> bool:
        """End an account, with its mail; return whether it was issued here."""
        with self._lock:
            found = self._issued.pop(app_key, None)
        if found is None:
            return False
        self._engine.remove_account(app_key)
        AccountFaults(self._engine.faults, app_key).clear()
        self._engine.archive.store.remove_matching(Equals("app_key", app_key)).result()
        return True

    def end_expired(self) -> None:
        """End the accounts that were not used in their time."""
        self.in_use.renew_all()
        with self._lock:
            over = [key for key, each in self._issued.items() if each.expires <= now()]
        for app_key in over:
            self.end(app_key)
        with self._lock:
            self._set_timer()

    def _set_timer(self) -> None:
        """Wake up when the first account may have expired."""
        self._stop_timer()
        if self._issued:
            first = min(each.expires for each in self._issued.values())
            self._timer = Timer(max(_SHORTEST, first - now()), self.end_expired)
            self._timer.daemon = True
            self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Stop watching the server; accounts and mail stay."""
        for stop in self._stops:
            stop()
        with self._lock:
            self._stop_timer()
            self._issued.clear()
