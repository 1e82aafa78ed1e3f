"""`fakesmtp env`: what an app must be told to send to `fakesmtp serve`."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.compose import PLACE, choose_accounts, choose_certificates, choose_ports
from fakesmtp.cli.console import say
from fakesmtp.cli.values import Value, read_integer
from fakesmtp.errors import ConfigurationError
from fakesmtp.smtp.listeners import client_settings
from fakesmtp.tls import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fakesmtp.cli.options import Settings

    Variables = Mapping[str, str]

_ANY_APP_KEY = "any-app-key"
_ANY_SECRET_KEY = "any-secret-key"  # noqa: S105 - a placeholder
_HIDDEN_SECRET_KEY = "put-its-SecretKey-here"  # noqa: S105 - a placeholder
_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_FORMATS = ("shell", "dotenv", "json")


@click.command(cls=Command, takes=PLACE)
@click.option(
    "--port",
    type=Value(read_integer),
    default=587,
    show_default=True,
    metavar="PORT",
    help="The endpoint's port: 25, 587, 2587, 465 or 2465.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="shell",
    show_default=True,
    metavar="FORMAT",
    help=f"How to write the variables: {', '.join(_FORMATS)}.",
)
@click.option("--show-secret", is_flag=True, help="Print the SecretKey of the first account.")
def env(settings: Settings, *, port: int, form: str, show_secret: bool) -> None:
    """Print the settings with which an app sends to fakesmtp.

    Give it the same options as `fakesmtp serve`.
    """
    write = _WRITERS[form]
    CertificateFolder(choose_certificates(settings)).ensure()
    say(write(_describe_client(settings, port, show_secret=show_secret)))


def _describe_client(settings: Settings, port: int, *, show_secret: bool) -> Variables:
    user_name, password = _choose_login(settings, show_secret=show_secret)
    return {
        **client_settings(settings.hosts[0], port, _find_port(settings, port)),
        "SMTP_CA_FILE": str(CertificateFolder(choose_certificates(settings)).ca_file),
        "SMTP_USERNAME": user_name,
        "SMTP_PASSWORD": password,
    }


def _find_port(settings: Settings, port: int) -> int:
    ports = choose_ports(settings)
    if port not in ports:
        known = ", ".join(map(str, ports))
        raise ConfigurationError(
            f"--port {port} is not open; the endpoint's ports here are {known}"
        )
    if ports[port] == 0:
        message = (
            f"the local port for {port} is a free one, which only serve knows once it runs: read "
            "its ready line, or give it a number (--port-offset, --ports)"
        )
        raise ConfigurationError(message)
    return ports[port]


def _choose_login(settings: Settings, *, show_secret: bool) -> tuple[str, str]:
    accounts = choose_accounts(settings)
    if not accounts:
        return _ANY_APP_KEY, _ANY_SECRET_KEY
    first = accounts[0]
    return first.app_key, first.secret_key if show_secret else _HIDDEN_SECRET_KEY


def _as_shell(variables: Variables) -> Iterator[str]:
    return (f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def write_dotenv(variables: Variables) -> Iterator[str]:
    """Write lines of a dotenv file."""
    return (f"{name}={_quote_dotenv(value)}" for name, value in variables.items())


def _quote_dotenv(value: str) -> str:
    """Quote as little as possible: readers of such files agree on bare words and on '…'."""
    if _BARE.fullmatch(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    escaped = re.sub(r'(["\\$`])', r"\\\1", value)
    return f'"{escaped}"'


def _as_json(variables: Variables) -> Iterator[str]:
    yield json.dumps(variables, indent=2)


_WRITERS: Mapping[str, Callable[[Variables], Iterator[str]]] = {
    "shell": _as_shell,
    "dotenv": write_dotenv,
    "json": _as_json,
}
