"""Who may log in: a fixed set of accounts, or anyone.

A SecretKey that a client sent is compared and dropped; it is never kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.credentials import check_mail_type, may_be_app_key
from fakesmtp.protocol.reasons import explain_login
from fakesmtp.protocol.secret import MASK, KnownSecrets, describe_hidden, hide, hide_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakesmtp.protocol.credentials import MailType
    from fakesmtp.protocol.keywords import MailTypeName

_NOBODY = "\0 no SecretKey looks like this"
_NOT_AN_APP_KEY = "the user name is not an AppKey: one word without ':' and quotes, or AppKey#type"


class Account(NamedTuple):
    """An AppKey and its SecretKey; the SecretKey is not shown."""

    app_key: str
    secret_key: str

    def username(self, mail_type: MailTypeName | MailType) -> str:
        """Return the user name for messages of a type: `AppKey#auth`.

        Raises `ConfigurationError` for an unknown type.
        """
        return f"{self.app_key}#{check_mail_type(mail_type)}"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r}, secret_key={MASK})"


class Accounts(Protocol):
    """What the dialogue and the recorder ask about credentials."""

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Give the AppKey of the account that these open, or None."""
        ...

    def explain(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str:
        """Say why `verify` gave None, without showing a SecretKey."""
        ...

    def find_secret(self, text: bytes) -> bool:
        """Return whether a known SecretKey stands in `text`, or a telling part of one."""
        ...

    def show_app_key(self, app_key: str) -> str:
        """Return an AppKey as it may be shown: masked when it may be or hold a SecretKey."""
        ...


class AnyAccounts:
    """Every AppKey, if it can be one, and every SecretKey that is not empty."""

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Give the AppKey back."""
        del any_case
        return app_key if secret_key and may_be_app_key(app_key) else None

    def explain(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str:
        """Say which of the two is empty or unfit."""
        del any_case
        if not app_key:
            return "the AppKey is empty"
        return _NOT_AN_APP_KEY if secret_key else "the SecretKey is empty"

    def find_secret(self, text: bytes) -> bool:
        """Nothing is known, so nothing is found."""
        del text
        return False

    def show_app_key(self, app_key: str) -> str:
        """Return it as it is if it can be an AppKey: whether it is a SecretKey is not known."""
        return app_key if may_be_app_key(app_key) else MASK


def _check_shape(number: int, pair: object) -> tuple[str, str]:
    """Return the pair if it is one; raises `ConfigurationError`."""
    if isinstance(pair, tuple) and len(pair) == len(Account._fields):
        return cast("tuple[str, str]", pair)
    got = f"a tuple of {len(pair)}" if isinstance(pair, tuple) else describe_hidden(pair)
    message = f"account {number} must be a pair (AppKey, SecretKey), not {got}"
    if not isinstance(pair, tuple):
        message += ": write accounts=[(AppKey, SecretKey)]"
    raise ConfigurationError(message)


def _make_account(app_key: object, secret_key: object) -> Account:
    """Make an account of hidden values; raises `ConfigurationError` if no client could use it."""
    if not (isinstance(app_key, str) and isinstance(secret_key, str)):
        wrong = secret_key if isinstance(app_key, str) else app_key
        message = f"an AppKey and its SecretKey must be texts, not {describe_hidden(wrong)}"
        raise ConfigurationError(message)
    if not app_key or not secret_key or "#" in app_key or "\0" in app_key + secret_key:
        message = (
            f"AppKey {app_key!r} cannot be used: an AppKey and its SecretKey are not empty, "
            "and an AppKey holds no '#' (the mail type is added at login)"
        )
        raise ConfigurationError(message)
    return Account(app_key, secret_key)


class FixedAccounts:
    """A set of accounts; more may be added and taken away while the server runs.

    For any thread: a change makes a new dictionary, and the one in use stays as it is.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take pairs of AppKey and SecretKey; raises `ConfigurationError` for an unfit one."""
        pairs = hide_secrets(pairs)
        shaped = [_check_shape(number, pair) for number, pair in enumerate(pairs, 1)]
        self._accounts = {app_key: _make_account(app_key, secret) for app_key, secret in shaped}
        #: What the secrets were made of, and they.
        self._known: tuple[dict[str, Account], KnownSecrets] | None = None

    def add(self, app_key: str, secret_key: str) -> Account:
        """Let this pair in; raises `ConfigurationError` when one of the two is empty or unfit."""
        secret_key = hide(secret_key)
        account = _make_account(app_key, secret_key)
        self._accounts = {**self._accounts, account.app_key: account}
        return account

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts, in the order they were added."""
        return tuple(self._accounts.values())

    def remove(self, app_key: str) -> None:
        """Take the account away; unknown ones are no error."""
        self._accounts = {key: each for key, each in self._accounts.items() if key != app_key}

    def verify(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str | None:
        """Give the AppKey of the account these open; takes the same time for every wrong pair."""
        from hmac import compare_digest  # noqa: PLC0415 - lazily: with the first AUTH, not at start

        account = self._find(app_key, any_case=any_case)
        known = account.secret_key if account else _NOBODY
        same = compare_digest(known.encode(), secret_key.encode())
        return account.app_key if account and same else None

    def explain(self, app_key: str, secret_key: str, *, any_case: bool = False) -> str:
        """Say which of the two is wrong, and what the mistake may be."""
        account = self._find(app_key, any_case=any_case)
        app_key = account.app_key if account else app_key
        return explain_login(app_key, secret_key, self.show_app_key(app_key), self.accounts)

    def find_secret(self, text: bytes) -> bool:
        """Return whether a known SecretKey stands in `text`: see `KnownSecrets`."""
        accounts, known = self._accounts, self._known
        if known is None or known[0] is not accounts:
            secrets = KnownSecrets(each.secret_key for each in accounts.values())
            known = self._known = (accounts, secrets)
        return known[1].stand_in(text)

    def show_app_key(self, app_key: str) -> str:
        """Return an AppKey of an account as it is, another one unless it may hold a SecretKey."""
        if app_key in self._accounts:
            return app_key
        is_fit = may_be_app_key(app_key) and not self.find_secret(app_key.encode())
        return app_key if is_fit else MASK

    def _find(self, app_key: str, *, any_case: bool) -> Account | None:
        if not any_case:
            return self._accounts.get(app_key)
        wanted = app_key.lower()
        return next((a for k, a in self._accounts.items() if k.lower() == wanted), None)
