"""Who may log in: a fixed set of accounts, or anyone.

A SecretKey that a client sent is compared and dropped; it is never kept.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOBODY = "\0 no SecretKey looks like this"


class Account(NamedTuple):
    """An AppKey and its SecretKey; the SecretKey is not shown."""

    app_key: str
    secret_key: str

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r}, secret_key=***)"


class Accounts(Protocol):
    """What the dialogue asks about credentials."""

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Give the AppKey of the account that these open, or None."""

    def find_secret(self, text: bytes) -> bool:
        """Whether a known SecretKey stands in `text`, in clear or in Base64."""


class AnyAccounts:
    """Every AppKey and SecretKey that are not empty."""

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Give the AppKey back if neither is empty."""
        del any_case
        return app_key if app_key and secret_key else None

    def find_secret(self, text: bytes) -> bool:
        """Nothing is known, so nothing is found."""
        del text
        return False


class FixedAccounts:
    """A set of accounts; more may be added and taken away while the server runs."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take pairs of AppKey and SecretKey; raises `ConfigurationError` for an unfit one."""
        self._accounts: dict[str, Account] = {}
        self._secrets: tuple[bytes, ...] = ()
        for app_key, secret_key in pairs:
            self.add(app_key, secret_key)

    def add(self, app_key: str, secret_key: str) -> Account:
        """Let this pair in; raises `ConfigurationError` when one of the two is empty or unfit."""
        if not app_key or not secret_key or "#" in app_key or "\0" in app_key + secret_key:
            message = (
                f"AppKey {app_key!r} cannot be used: an AppKey and its SecretKey are not empty, "
                "and an AppKey holds no '#' (the mail type is added at login)"
            )
            raise ConfigurationError(message)
        account = self._accounts[app_key] = Account(app_key, secret_key)
        self._learn_secrets()
        return account

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts, in the order they were added."""
        return tuple(self._accounts.values())

    def remove(self, app_key: str) -> None:
        """Take the account away; unknown ones are no error."""
        self._accounts.pop(app_key, None)
        self._learn_secrets()

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Give the AppKey of the account these open; takes the same time for every wrong pair."""
        account = self._in_any_case(app_key) if any_case else self._accounts.get(app_key)
        known = account.secret_key if account else _NOBODY
        same = hmac.compare_digest(known.encode(), secret_key.encode())
        return account.app_key if account and same else None

    def find_secret(self, text: bytes) -> bool:
        """Whether a known SecretKey stands in `text`, in clear or in Base64."""
        for form in self._secrets:  # noqa: SIM110 - for every line: a third of any()'s time
            if form in text:
                return True
        return False

    def _in_any_case(self, app_key: str) -> Account | None:
        wanted = app_key.lower()
        return next((a for k, a in self._accounts.items() if k.lower() == wanted), None)

    def _learn_secrets(self) -> None:
        secrets = [account.secret_key.encode() for account in self._accounts.values()]
        self._secrets = (*secrets, *(b64encode(secret).rstrip(b"=") for secret in secrets))
