"""Settings of mail clients, filled in with the ports, the CA and an account of the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fakesmtp.formats import EnvFormat, write_variables
from fakesmtp.protocol.credentials import MailType
from fakesmtp.tls.trust import explain
from fakesmtp.web.pages.rendering import View
from fakesmtp.web.serving import Serving

#: What stands for the SecretKey until a reader asks for it.
HIDDEN = "SECRET_KEY"
_EXAMPLE = ("AppKey", "SecretKey")
_DEFAULT_PORT = 587


class Client(NamedTuple):
    """A client: its way to trust a CA (`fakesmtp.tls.trust`), `""` where its settings say it.

    Its settings are a format of `fakesmtp.formats`, or a template.
    """

    id: str
    name: str
    trust: str = ""
    format: EnvFormat | None = None


CLIENTS: Mapping[str, Client] = {
    client.id: client
    for client in (
        Client("spring", "Spring Boot", "java", "spring"),
        Client("nodemailer", "Nodemailer", "node"),
        Client("django", "Django", "python"),
        Client("laravel", "Laravel", "php"),
        Client("symfony", "Symfony", "php"),
        Client("rails", "Rails", "ruby"),
        Client("go", "Go", "go"),
        Client("dotnet", ".NET", "dotnet"),
        Client("curl", "curl"),
        Client("swaks", "swaks"),
    )
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one client for a mail type and a port of the endpoint, as text.

    `is_any` is whether any account may log in, `is_shown` whether the SecretKey is in the text.
    """

    client: Client
    mail_type: MailType
    port: int
    text: str
    trust: str
    is_any: bool
    is_shown: bool


def make_settings(
    here: Serving,
    view: View,
    *,
    client: str,
    mail_type: str,
    port: int,
    is_shown: bool = False,
) -> Settings:
    """Return the settings of a client; what is not known is the default."""
    chosen = CLIENTS.get(client) or next(iter(CLIENTS.values()))
    kind = next((each for each in MailType if each == mail_type), MailType.AUTH)
    number = port if port in here.smtp.ports else _choose_port(here)
    variables = _read_variables(here, kind, number, is_shown=is_shown)
    return Settings(
        chosen,
        kind,
        number,
        _write(view, chosen, variables),
        explain(chosen.trust, here.smtp.ca_file) if chosen.trust else "",
        is_any=not here.allowed,
        is_shown=is_shown,
    )


def _choose_port(here: Serving) -> int:
    ports = here.smtp.ports
    return _DEFAULT_PORT if _DEFAULT_PORT in ports else next(iter(ports))


def _read_variables(
    here: Serving, mail_type: MailType, port: int, *, is_shown: bool
) -> dict[str, str]:
    app_key, secret_key = here.allowed[0] if here.allowed else _EXAMPLE
    is_secret = bool(here.allowed) and not is_shown
    return {
        **here.smtp.env(port),
        "SMTP_USERNAME": f"{app_key}#{mail_type}",
        "SMTP_PASSWORD": HIDDEN if is_secret else secret_key,
    }


def _write(view: View, client: Client, variables: Mapping[str, str]) -> str:
    if client.format is not None:
        return write_variables(variables, client.format)
    host, port = variables["SMTP_HOST"], variables["SMTP_PORT"]
    return view.write(
        f"connect/clients/{client.id}.txt",
        host=host,
        port=port,
        place=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        is_tls=variables["SMTP_SECURITY"] == "tls",
        user=variables["SMTP_USERNAME"],
        secret=variables["SMTP_PASSWORD"],
        ca_file=variables["SMTP_CA_FILE"],
        address=write_variables(variables, "url").strip(),
    )
