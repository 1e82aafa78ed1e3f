"""Check and convert the options of `FakeSMTP`; a wrong one is a `ConfigurationError`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults import FaultScript
from fakesmtp.protocol.accounts import AnyAccounts, FixedAccounts
from fakesmtp.protocol.nhn import Profile
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.proxies import LOOPBACK, TrustedProxies
from fakesmtp.protocol.secret import PIECE, Secret, describe_hidden, hide, hide_secrets
from fakesmtp.text import nearest_name

if TYPE_CHECKING:
    from fakesmtp.findings import Rules
    from fakesmtp.protocol.keywords import Switches

AccountsOption = Iterable[tuple[str, str]] | Literal["any"] | None
#: Levels of rules by their ids, or rules.
FindingsOption: TypeAlias = "Mapping[str, str] | Rules | None"
#: Whether load balancers send a PROXY protocol header, or the networks of those that do.
ProxyOption: TypeAlias = "bool | Collection[str]"


_Check = Callable[[object], bool]


def _is(*kinds: type) -> _Check:
    return lambda value: isinstance(value, kinds)


def _is_number(least: int, *others: object) -> _Check:
    def check(value: object) -> bool:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return value in others or (is_number and cast("int", value) >= least)

    return check


_NONE = type(None)
_PATH = (_is(os.PathLike, _NONE), "a pathlib.Path")
#: An option: whether a value is right, and what is right.
_RIGHT: Mapping[str, tuple[_Check, str]] = {
    "policy": (_is(Policy, _NONE), "a fakesmtp.Policy"),
    "profile": (_is(Profile), "a fakesmtp.Profile"),
    "certs_dir": _PATH,
    "store": (
        lambda value: value is None or isinstance(value, str) or hasattr(value, "page"),
        "the address of a store (sqlite:///PATH, postgresql://…), or a Store",
    ),
    "max_messages": (_is_number(1, None), "a whole number from 1, or None"),
    "max_bytes": (_is_number(1), "a whole number of bytes from 1"),
    "max_sessions": (_is_number(0), "a whole number from 0"),
    "max_events": (_is_number(0), "a whole number from 0"),
    "record_dir": _PATH,
    "faults": (_is(FaultScript, _NONE), "a fakesmtp.FaultScript"),
    "proxy_protocol": (
        lambda value: isinstance(value, bool | Collection) and not isinstance(value, str),
        "True (load balancers of this machine), or a list of networks",
    ),
    "reuse_port": (_is(bool), "True or False"),
    "loop_factory": (
        lambda value: value is None or callable(value),
        "a function that makes an event loop",
    ),
}
_OPTIONS = ("ports", "host", "accounts", "handler", "findings", *_RIGHT)
#: The short forms of switches.
_SHORT = ("require_auth",)
#: What other parts of fakesmtp, or other servers, call an option.
_OTHER_NAMES = {
    **dict.fromkeys(("users", "user", "username", "password", "credentials"), "accounts"),
    **dict.fromkeys(("login", "app_key", "secret_key", "authenticator"), "accounts"),
    **dict.fromkeys(("hostname", "address", "bind", "listen", "interface", "ip"), "host"),
    **dict.fromkeys(("tls", "ssl", "starttls", "require_starttls"), "require_tls"),
    **dict.fromkeys(("auth", "auth_required", "require_login"), "require_auth"),
    **dict.fromkeys(("ca", "cert", "certs", "certificates", "ca_dir"), "certs_dir"),
    **dict.fromkeys(("database", "db", "url", "path", "file", "sqlite"), "store"),
    **dict.fromkeys(("recordings", "record", "sessions_dir", "log_dir"), "record_dir"),
    **dict.fromkeys(("size", "max_size", "size_limit", "data_size_limit"), "max_message_size"),
    **dict.fromkeys(("limit", "max_mails", "max_emails"), "max_messages"),
    **dict.fromkeys(("rules", "levels", "lint"), "findings"),
    **dict.fromkeys(("hooks", "controller"), "handler"),
    "timeout": "idle_timeout",
    "port": "ports",
    **dict.fromkeys(("proxy", "haproxy", "load_balancer", "trusted_proxies"), "proxy_protocol"),
    "fault": "faults",
}
#: Methods of a server that are not options.
_METHODS = ("on_message", "on_session_end", "fail", "delay", "new_account", "start", "stop")


def hide_unknown(switches: Switches) -> Switches:
    """Return the switches with the values of unknown names hidden: one may be `accounts`, misspelt.

    Call this first in a function with switches: a traceback shows the values of local variables.
    """
    if not switches:
        return switches
    known = (*_SHORT, *Policy.names())
    kept = {name: value if name in known else hide(value) for name, value in switches.items()}
    return cast("Switches", kept)


def make_policy(policy: Policy, switches: Switches) -> Policy:
    """Return a policy with changed switches; `require_auth` is short for `auth_required_at`."""
    given: dict[str, Any] = dict(switches)
    unknown = next((name for name in given if name not in (*_SHORT, *Policy.names())), None)
    if unknown is not None:
        raise ConfigurationError(explain_unknown(unknown, (*_OPTIONS, *_SHORT, *Policy.names())))
    if not isinstance(given.get("require_auth", True), bool):
        raise ConfigurationError(
            f"require_auth must be True or False, not {given['require_auth']!r}"
        )
    if "require_auth" in given:
        given["auth_required_at"] = "rcpt" if given.pop("require_auth") else "never"
    return replace(policy, **given)


def explain_unknown(name: str, known: Collection[str]) -> str:
    """Return an error for an unknown option: which one is probably meant, and all options."""
    if name in _METHODS:
        return f"{name!r} is not an option but a method: smtp.{name}(…)"
    near = nearest_name(name, known, _OTHER_NAMES)
    hint = f"; did you mean {near!r}?" if near in known else "."
    return f"there is no option {name!r}{hint} The options are {', '.join(known)}"


def check_options(given: Mapping[str, object]) -> None:
    """Raise `ConfigurationError` for an option of the wrong type, or a number below its least.

    Ports, host, accounts and switches are checked where they are read.
    """
    for name, (is_right, right) in _RIGHT.items():
        if name in given and not is_right(given[name]):
            raise ConfigurationError(f"{name} must be {right}, not {given[name]!r}")


def read_hosts(host: object) -> tuple[str, ...]:
    """Return the addresses to listen on; raises `ConfigurationError` if there is none."""
    hosts = (host,) if isinstance(host, str) else tuple(host) if isinstance(host, Iterable) else ()
    if not hosts or not all(isinstance(each, str) and each for each in hosts):
        raise ConfigurationError(
            f"host must be an address or a list of addresses, not {host!r} (example: '127.0.0.1')"
        )
    return hosts


def make_accounts(accounts: AccountsOption | str) -> AnyAccounts | FixedAccounts:
    """Return the accounts: None for one random account, `"any"` for any AppKey and SecretKey.

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


def make_rules(findings: FindingsOption) -> Rules | None:
    """Return the rules of findings; None for the default rules.

    Raises `ConfigurationError` for an unknown rule or level.
    """
    if findings is None:
        return None
    from fakesmtp.findings import Rules  # noqa: PLC0415 - most servers take the rules as they are

    if isinstance(findings, Rules):
        return findings
    if not isinstance(findings, Mapping):
        raise ConfigurationError(
            "findings must be a mapping of rules to levels or a fakesmtp.findings.Rules, not "
            f'{findings!r} (example: {{"ad-subject-prefix": "reject"}})'
        )
    return Rules(findings)


def make_proxies(proxy_protocol: ProxyOption) -> TrustedProxies | None:
    """Return the load balancers that must send a PROXY protocol header; None for none.

    Raises `ConfigurationError` for what is not a network.
    """
    if proxy_protocol is False:
        return None
    networks = LOOPBACK if proxy_protocol is True else tuple(map(str, proxy_protocol))
    if not networks:
        raise ConfigurationError(
            "proxy_protocol must not be an empty list: name the networks of the load balancers "
            "(example: ['10.0.0.0/8']), or True for this machine"
        )
    return TrustedProxies(networks)


def _show(accounts: object) -> str:
    """Return the given accounts as text, if they are too short to contain a SecretKey."""
    is_short = isinstance(accounts, str) and len(accounts) < PIECE
    return f"'{accounts}'" if is_short else describe_hidden(accounts)


def fresh_pair() -> tuple[str, str]:
    """Return a random AppKey and SecretKey that look like real ones: letters and digits."""
    return token(8), Secret(token(16))


def token(size: int) -> str:
    """Return `size` random bytes as hexadecimal text. `secrets` would take 2 ms to load."""
    return os.urandom(size).hex()
