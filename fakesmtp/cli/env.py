"""`fakesmtp env`: the settings with which an app sends to `fakesmtp serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.compose import PLACE, choose_accounts, choose_certificates, choose_ports
from fakesmtp.cli.console import print_lines
from fakesmtp.cli.values import Value, read_integer
from fakesmtp.environment import set_mail_type
from fakesmtp.errors import ConfigurationError
from fakesmtp.formats import FORMATS, write_variables
from fakesmtp.protocol.credentials import MailType
from fakesmtp.smtp.listeners import client_settings
from fakesmtp.tls import CertificateFolder

if TYPE_CHECKING:
    from fakesmtp.cli.options import Settings
    from fakesmtp.formats import EnvFormat
    from fakesmtp.protocol.keywords import MailTypeName

_ANY_APP_KEY = "any-app-key"
_ANY_SECRET_KEY = "any-secret-key"  # noqa: S105 - a placeholder
_HIDDEN_SECRET_KEY = "put-its-SecretKey-here"  # noqa: S105 - a placeholder


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
    type=click.Choice(FORMATS),
    default="shell",
    show_default=True,
    metavar="FORMAT",
    help=f"How to write the variables: {', '.join(FORMATS)}.",
)
@click.option(
    "--mail-type",
    type=click.Choice([str(each) for each in MailType]),
    help="The mail type that the user name ends with, as in AppKey#auth.",
)
@click.option("--show-secret", is_flag=True, help="Print the SecretKey of the first account.")
def env(
    settings: Settings,
    *,
    port: int,
    form: EnvFormat,
    mail_type: MailTypeName | None,
    show_secret: bool,
) -> None:
    """Print the settings with which an app sends to fakesmtp.

    Give it the same options as `fakesmtp serve`.
    """
    CertificateFolder(choose_certificates(settings)).ensure()
    variables = _describe_client(settings, port, show_secret=show_secret)
    print_lines(
        write_variables(set_mail_type(variables, mail_type), form).removesuffix("\n").split("\n")
    )


def _describe_client(settings: Settings, port: int, *, show_secret: bool) -> dict[str, str]:
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
