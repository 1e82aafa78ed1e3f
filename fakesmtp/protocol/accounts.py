"""Who may log in: a fixed set of accounts, or anyone.

A SecretKey that a client sent is compared and dropped; it is never kept.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOBODY = "\0 no SecretKey looks like this"
#: Fewer characters of Base64 may stand anywhere by chance.
_TELLING = 4


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
        self._secrets: re.Pattern[bytes] | None = None
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
        self._secrets = None
        return account

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts, in the order they were added."""
        return tuple(self._accounts.values())

    def remove(self, app_key: str) -> None:
        """Take the account away; unknown ones are no error."""
        self._accounts.pop(app_key, None)
        self._secrets = None

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Give the AppKey of the account these open; takes the same time for every wrong pair."""
        from hmac import compare_digest  # noqa: PLC0415 - lazily: with the first AUTH, not at start

        account = self._in_any_case(app_key) if any_case else self._accounts.get(app_key)
        known = account.secret_key if account else _NOBODY
        same = compare_digest(known.encode(), secret_key.encode())
        return account.app_key if account and same else None

    def find_secret(self, text: bytes) -> bool:
        """Whether a known SecretKey stands in `text`, in clear or in Base64 with anything."""
        secrets = self._secrets
        if secrets is None:
            secrets = self._secrets = _pattern_of([each.secret_key for each in self.accounts])
        return secrets.search(text) is not None

    def _in_any_case(self, app_key: str) -> Account | None:
        wanted = app_key.lower()
        return next((a for k, a in self._accounts.items() if k.lower() == wanted), None)


def _pattern_of(secrets: Iterable[str]) -> re.Pattern[bytes]:
    """Make one pattern of all secrets, because every line of every client is searched."""
    forms = sorted({form for secret in secrets for form in _forms(secret.encode())})
    return re.compile(b"|".join(map(re.escape, forms)) or b"(?!)")


def _forms(secret: bytes) -> Iterator[bytes]:
    """Give what shows a secret: itself, and what Base64 makes of it.

    Base64 writes three bytes as four characters, so what it makes of the secret depends on how many
    bytes stand before it; characters that hold bits of its neighbours are left out.
    """
    yield secret
    for before in range(3):
        encoded = b64encode(b"\0" * before + secret)
        core = encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        if len(core) >= _TELLING:
            yield core
    yield b64encode(secret).rstrip(b"=")
