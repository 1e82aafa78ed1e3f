"""What the options of `FakeSMTP` become; one that cannot be is a `ConfigurationError`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.accounts import AnyAccounts, FixedAccounts
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.secret import PIECE, Secret, describe_hidden, hide_secrets

if TYPE_CHECKING:
    from fakesmtp.protocol.keywords import Switches

AccountsOption = Iterable[tuple[str, str]] | Literal["any"] | None


def make_policy(policy: Policy, switches: Switches) -> Policy:
    """Lay named switches over a policy; `require_auth` is the short form of `auth_required_at`."""
    given: dict[str, Any] = dict(switches)
    if "require_auth" in given:
        given["auth_required_at"] = "rcpt" if given.pop("require_auth") else "never"
    unknown = [name for name in given if name not in Policy.names()]
    if unknown:
        raise ConfigurationError(Policy.explain_unknown(unknown[0]))
    return replace(policy, **given)


def make_accounts(accounts: AccountsOption | str) -> AnyAccounts | FixedAccounts:
    """Make who may log in: None for one fresh account, `"any"` for any AppKey and SecretKey.

    Raises `ConfigurationError`, which shows no SecretKey.
    """
    accounts = hide_secrets(accounts)
    if accounts is None:
        return FixedAccounts([fresh_pair()])
    if accounts == "any":
        return AnyAccounts()
    if isinstance(accounts, str) or not isinstance(accounts, Iterable):
        message = f'accounts must be (AppKey, SecretKey) pairs or "any", not {_show(accounts)}'
        raise ConfigurationError(message)
    return FixedAccounts(accounts)


def _show(accounts: object) -> str:
    """Show what was given as accounts, if it is too short to hold a SecretKey."""
    is_short = isinstance(accounts, str) and len(accounts) < PIECE
    return f"'{accounts}'" if is_short else describe_hidden(accounts)


def fresh_pair() -> tuple[str, str]:
    """Make an AppKey and a SecretKey that look like the real ones: letters and digits."""
    return token(8), Secret(token(16))


def token(size: int) -> str:
    """Make so many random bytes, hexadecimal: `secrets` does the same, and takes 2 ms to load."""
    return os.urandom(size).hex()
