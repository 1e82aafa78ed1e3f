"""What servers share beside messages and sessions, if their store is one that servers share.

The clock is that of the store, so servers whose clocks differ agree on what has expired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
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


class SharedRule(NamedTuple):
    """A fault rule that servers share, as JSON. `began` is when it was set (seconds of the epoch).

    `applied` is how often any server has applied it.
    """

    number: int
    rule: str
    is_on: bool
    began: float
    applied: int


class Counter(NamedTuple):
    """How often a rule matched, and was applied, for one key.

    `passed` are the times of the last moments that were under a rate, in seconds of the epoch.
    """

    number: int = 0
    applied: int = 0
    passed: tuple[float, ...] = ()


class Counted(NamedTuple):
    """What was decided about rules: those that apply, and the counters that have changed."""

    applied: tuple[int, ...]
    counters: Mapping[int, Counter]


#: Decides which rules apply. It is called with the counters of those that are still in force, and
#: the time in seconds of the epoch, in any thread; perhaps again, if an attempt has failed.
Decide: TypeAlias = "Callable[[Mapping[int, Counter], float], Counted]"


class SharedRules(Protocol):
    """The fault rules that the servers of a store share, in order. Raises `StoreError`.

    Every change is published to all servers, as an update of the kind `faults-changed`.
    """

    def read(self) -> list[SharedRule]:
        """Return all rules."""

    def add(self, rules: Sequence[str]) -> Future[list[int]]:
        """Append rules; the ticket gives their numbers, which no other rule ever gets."""

    def exchange(self, rules: Sequence[str], gone: Collection[int]) -> Future[list[int]]:
        """Set rules in the place of those with the numbers `gone`, and give their numbers.

        A rule that was there before keeps its number and its counters, and is switched on.
        """

    def change(self, number: int, rule: str) -> Future[bool]:
        """Give a rule another text and new counters; the ticket gives whether it is there."""

    def remove(self, number: int) -> Future[bool]:
        """Remove a rule; the ticket gives whether it was there."""

    def switch(self, number: int, *, on: bool) -> Future[bool]:
        """Switch a rule off, or on again; the ticket gives whether it is there."""

    def count(self, keys: Mapping[int, str], decide: Decide) -> Future[tuple[int, ...]]:
        """Count a moment: rules by their numbers, each with what it counts for.

        No other server counts for the same rules meanwhile. Gives the rules that apply.
        """

    def forget(self, keys: Collection[str]) -> Future[None]:
        """Remove the counters of these keys, which will not come again."""


class SharedState(Protocol):
    """Everything that servers share beside messages and sessions."""

    @property
    def accounts(self) -> SharedAccounts:
        """The accounts that were issued."""

    @property
    def rules(self) -> SharedRules:
        """The fault rules that were set over the API or on the page."""

    def read_page_token(self) -> str:
        """Return the token that changes on the page need, a random text. Raises `StoreError`."""
