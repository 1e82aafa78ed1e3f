"""Variables of Mailpit, as container modules set them: other names of our settings."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PREFIX = "MP_"
_ADDRESS = re.compile(r"(?:(?:\[(?P<six>[^\]]*)\]|(?P<host>[^\[\]]*)):)?(?P<port>\d+)")
#: All addresses, as Go writes them.
_ALL = {"": "0.0.0.0", "::": "::"}  # noqa: S104 - it says what the user said
#: Mailpit's port, which is ours for the endpoint's port 25 as well.
_MAILPIT_PORT, _ENDPOINT_PORT = "1025", 25


class Alias(NamedTuple):
    """A variable; `read` makes our form of its value, None where it is the same as no value."""

    variable: str
    read: Callable[[str], str | None] = str


def _unless_zero(value: str) -> str | None:
    return None if value.strip() == "0" else value


def _read_database(value: str) -> str:
    return value if "://" in value else f"sqlite:///{Path(value).absolute()}"


def _with_spaces(value: str) -> str:
    return value.replace(",", " ")


def _split_address(value: str) -> tuple[str, str] | None:
    found = _ADDRESS.fullmatch(value.strip())
    if found is None:
        return None
    host = found["six"] or found["host"] or ""
    return _ALL.get(host, host), found["port"]


def _read_http(value: str) -> str:
    address = _split_address(value)
    if address is None:
        return value
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _read_host(value: str) -> str:
    address = _split_address(value)
    return value if address is None else address[0]


def _read_ports(value: str) -> str | None:
    address = _split_address(value)
    if address is None:
        return value
    return None if address[1] == _MAILPIT_PORT else f"{_ENDPOINT_PORT}={address[1]}"


#: The variables of each setting, by its name. The first that is set counts.
ALIASES: Mapping[str, tuple[Alias, ...]] = {
    "max-messages": (Alias("MP_MAX_MESSAGES", _unless_zero),),
    "store": (Alias("MP_DATABASE", _read_database),),
    "account": (Alias("MP_SMTP_AUTH"),),
    "host": (Alias("MP_SMTP_BIND_ADDR", _read_host),),
    "ports": (Alias("MP_SMTP_BIND_ADDR", _read_ports),),
    "require-tls": (Alias("MP_SMTP_REQUIRE_TLS"), Alias("MP_SMTP_REQUIRE_STARTTLS")),
    "http": (Alias("MP_UI_BIND_ADDR", _read_http),),
    "http-auth-file": (Alias("MP_UI_AUTH_FILE"),),
    "http-cors-origins": (Alias("MP_API_CORS", _with_spaces),),
    "http-allowed-hosts": (Alias("MP_ALLOWED_HOSTS", _with_spaces),),
    "http-tls-cert": (Alias("MP_UI_TLS_CERT"),),
    "http-tls-key": (Alias("MP_UI_TLS_KEY"),),
    "quiet": (Alias("MP_QUIET"),),
    "verbose": (Alias("MP_VERBOSE"),),
}

#: Variables that ask for what fakesmtp does anyway, with these values.
_DONE_ANYWAY: Mapping[str, frozenset[str]] = {
    "MP_ENABLE_CHAOS": frozenset({"1", "true", "yes"}),
    "MP_SMTP_AUTH_ACCEPT_ANY": frozenset({"1", "true", "yes"}),
    "MP_SMTP_AUTH_ALLOW_INSECURE": frozenset({"1", "true", "yes"}),
    "MP_WEBROOT": frozenset({"/"}),
    "MP_DISABLE_VERSION_CHECK": frozenset({"1", "true", "yes"}),
}
#: What is wrong with those that cannot be obeyed, and what would be right.
_REASONS: Mapping[str, str] = {
    "MP_SMTP_TLS_CERT": "fakesmtp makes its certificates: --certs-dir is their folder",
    "MP_SMTP_TLS_KEY": "fakesmtp makes its certificates: --certs-dir is their folder",
    "MP_WEBROOT": "the page and the API are at /",
}
_NOT_A_SETTING = "it is not one of the variables in docs/mailpit.md"
_OFF = frozenset({"", "0", "false", "no"})


def read_alias(name: str, environ: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """Return the variable of Mailpit that a setting comes from, and its value in our form."""
    for alias in ALIASES.get(name, ()):
        value = alias.read(environ[alias.variable]) if environ.get(alias.variable) else None
        if value is not None:
            return alias.variable, value
    return None


def find_ignored_variables(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Yield a sentence for each variable of Mailpit that is set and cannot be obeyed."""
    known = {alias.variable for aliases in ALIASES.values() for alias in aliases}
    for variable in sorted(environ):
        value = environ[variable].strip().lower()
        is_off = value in _OFF or value in _DONE_ANYWAY.get(variable, ())
        if variable.startswith(PREFIX) and variable not in known and not is_off:
            yield f"{variable} is ignored: {_REASONS.get(variable, _NOT_A_SETTING)}"
