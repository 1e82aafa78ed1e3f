"""Accounts: a fixed set, or any AppKey and SecretKey.

A SecretKey that a client sends is compared and discarded; it is never kept.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol, cast

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.credentials import Account, may_be_app_key
from fakesmtp.protocol.reasons import explain_login
from fakesmtp.protocol.secret import MASK, KnownSecrets, describe_hidden, hide, hide_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable


_NOBODY = "\0 no SecretKey looks like this"
_NOT_AN_APP_KEY = "the user name is not an AppKey: one word without ':' and quotes, or AppKey#type"


class Directory(Protocol):
    """Accounts that are known elsewhere, for example in a database that servers share."""

    def may_have(self, app_key: str) -> bool:
        """Return whether an AppKey has the form of those in the directory."""
        ...

    def find_secret(self, text: bytes) -> bool:
        """Return whether `text` contains a SecretKey of the form of those in the directory."""
        ...

    async def verify(self, app_key: str, secret_key: str) -> bool | None:
        """Return whether the SecretKey is right; None for an unknown AppKey.

        Raises `FakeSMTPError` if the directory cannot be asked.
        """
        ...


class Accounts(Protocol):
    """The checks of credentials that the dialogue and the recorder use."""

    def directory_for(self, app_key: str) -> Directory | None:
        """Return where to look up an AppKey that `verify` does not know; None for nowhere."""
        ...

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Return the AppKey of the account with these credentials, or None."""
        ...

    def explain(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str:
        """Return why `verify` returned None, without a SecretKey."""
        ...

    def find_secret(self, text: bytes) -> bool:
        """Return whether `text` contains a known SecretKey, or a recognizable part of one."""
        ...

    def show_app_key(self, app_key: str) -> str:
        """Return an AppKey for display: masked if it can be or contain a SecretKey."""
        ...


class AnyAccounts:
    """Accounts of every valid AppKey, with every SecretKey that is not empty."""

    def directory_for(self, app_key: str) -> None:
        """Return None: every AppKey is known."""
        del app_key

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Return the AppKey if it is valid and the SecretKey is not empty."""
        del any_case
        return app_key if secret_key and may_be_app_key(app_key) else None

    def explain(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str:
        """Return which of the two is empty or invalid."""
        del any_case
        if not app_key:
            return "the AppKey is empty"
        return _NOT_AN_APP_KEY if secret_key else "the SecretKey is empty"

    def find_secret(self, text: bytes) -> bool:
        """Return False: no SecretKey is known."""
        del text
        return False

    def show_app_key(self, app_key: str) -> str:
        """Return the AppKey unchanged if it is valid; no SecretKey is known to compare it with."""
        return app_key if may_be_app_key(app_key) else MASK


def _check_shape(number: int, pair: object) -> tuple[str, str]:
    """Return `pair` if it is a pair. Raises `ConfigurationError`."""
    if isinstance(pair, tuple) and len(pair) == len(Account._fields):
        return cast("tuple[str, str]", pair)
    got = f"a tuple of {len(pair)}" if isinstance(pair, tuple) else describe_hidden(pair)
    message = f"account {number} must be a pair (AppKey, SecretKey), not {got}"
    if not isinstance(pair, tuple):
        message += ": write accounts=[(AppKey, SecretKey)]"
    raise ConfigurationError(message)


def _make_account(app_key: object, secret_key: object) -> Account:
    """Return an account of hidden values. Raises `ConfigurationError` if no client could use it."""
    if not (isinstance(app_key, str) and isinstance(secret_key, str)):
        wrong = secret_key if isinstance(app_key, str) else app_key
        message = f"an AppKey and its SecretKey must be texts, not {describe_hidden(wrong)}"
        raise ConfigurationError(message)
    if not app_key or not secret_key or "#" in app_key or "\0" in app_key + secret_key:
        message = (
            f"AppKey {app_key!r} is not valid: an AppKey and its SecretKey must not be empty, "
            "and an AppKey must not contain '#' (the client adds the mail type)"
        )
        raise ConfigurationError(message)
    return Account(app_key, secret_key)


def _check_unique(accounts: list[Account]) -> None:
    """Raise `ConfigurationError` for two accounts with the same AppKey."""
    twice, count = next(iter(Counter(each.app_key for each in accounts).most_common(1)), ("", 0))
    if count > 1:
        raise ConfigurationError(
            f"AppKey {twice!r} has two accounts: each AppKey must have one SecretKey"
        )


class FixedAccounts:
    """A set of accounts, which can change while the server runs.

    Thread-safe: a change makes a new dictionary and leaves the one in use unchanged. `directory` is
    where AppKeys are looked up that are not in the set.
    """

    directory: Directory | None = None

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add pairs of AppKey and SecretKey. Raises `ConfigurationError` for an invalid one."""
        pairs = hide_secrets(pairs)
        shaped = [_check_shape(number, pair) for number, pair in enumerate(pairs, 1)]
        accounts = [_make_account(app_key, secret) for app_key, secret in shaped]
        _check_unique(accounts)
        self._accounts = {account.app_key: account for account in accounts}
        #: The accounts that the known secrets belong to, and these secrets.
        self._known: tuple[dict[str, Account], KnownSecrets] | None = None

    def add(self, app_key: str, secret_key: str) -> Account:
        """Add an account. Raises `ConfigurationError` if one of the two is empty or invalid."""
        secret_key = hide(secret_key)
        account = _make_account(app_key, secret_key)
        self._accounts = {**self._accounts, account.app_key: account}
        return account

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts, in the order they were added."""
        return tuple(self._accounts.values())

    def remove(self, app_key: str) -> None:
        """Remove an account. Idempotent."""
        self._accounts = {key: each for key, each in self._accounts.items() if key != app_key}

    def directory_for(self, app_key: str) -> Directory | None:
        """Return the directory, if it can have the AppKey and the set does not."""
        directory = self.directory
        if directory is None or app_key in self._accounts or not directory.may_have(app_key):
            return None
        return directory

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Return the AppKey of the account. Wrong credentials all take the same time."""
        from hmac import compare_digest  # noqa: PLC0415 - lazily: with the first AUTH, not at start

        account = self._find(app_key, any_case=any_case)
        known = account.secret_key if account else _NOBODY
        same = compare_digest(known.encode(), secret_key.encode())
        return account.app_key if account and same else None

    def explain(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str:
        """Return which of the two is wrong, and the likely mistake."""
        account = self._find(app_key, any_case=any_case)
        app_key = account.app_key if account else app_key
        return explain_login(app_key, secret_key, self.show_app_key(app_key), self.accounts)

    def find_secret(self, text: bytes) -> bool:
        """Return whether `text` contains a known SecretKey: see `KnownSecrets`."""
        accounts, known = self._accounts, self._known
        if known is None or known[0] is not accounts:
            secrets = KnownSecrets(each.secret_key for each in accounts.values())
            known = self._known = (accounts, secrets)
        if known[1].occur_in(text):
            return True
        return self.directory is not None and self.directory.find_secret(text)

    def show_app_key(self, app_key: str) -> str:
        """Return an AppKey: that of an account unchanged, others masked if they can be a secret."""
        if app_key in self._accounts:
            return app_key
        is_fit = may_be_app_key(app_key) and not self.find_secret(app_key.encode())
        return app_key if is_fit else MASK

    def _find(self, app_key: str, *, any_case: bool) -> Account | None:
        if not any_case:
            return self._accounts.get(app_key)
        wanted = app_key.lower()
        return next((a for k, a in self._accounts.items() if k.lower() == wanted), None)
