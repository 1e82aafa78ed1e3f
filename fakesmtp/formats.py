"""Environment variables of a client, written for shells, files and programs."""

from __future__ import annotations

import json
import re
from shlex import quote as quote_for_shell
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Variables = Mapping[str, str]

EnvFormat = Literal["shell", "dotenv", "json", "powershell", "spring", "url"]

_BARE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
#: What all readers of dotenv files take as it is, although `_BARE` is what people expect.
_BARE_IN_DOTENV = re.compile(r"[^\s#$`'\"][^\s#$`]*")
#: The characters that PowerShell takes for a single quote.
_SINGLE_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def write_variables(variables: Variables, form: EnvFormat) -> str:
    """Write the variables in a format; lines end with a line feed, the last one too.

    Raises `ConfigurationError` for an unknown format.
    """
    write = FORMATS.get(form)
    if write is None:
        known = ", ".join(map(repr, FORMATS))
        raise ConfigurationError(f"format must be one of {known}, not {form!r}")
    return "".join(f"{line}\n" for line in write(variables))


def _write_shell(variables: Variables) -> Iterator[str]:
    """For sh, bash and zsh: `eval "$(fakesmtp env)"`."""
    return (f"export {name}={quote_for_shell(value)}" for name, value in variables.items())


def _write_dotenv(variables: Variables) -> Iterator[str]:
    return (f"{name}={_quote_for_dotenv(value)}" for name, value in variables.items())


def _quote_for_dotenv(value: str) -> str:
    r"""Quote as the readers of such files agree: a bare word, else '…', else "…", else bare again.

    For some values, such as one with `'`, `"` and a space, there is no such form. python-dotenv
    and Docker Compose read `\'` and `\\` in '…'.
    """
    if _BARE.fullmatch(value):
        return value
    if "'" not in value and "\\\\" not in value and not value.endswith("\\"):
        return f"'{value}'"
    if not set(value) & set('"\\$`'):
        return f'"{value}"'
    if _BARE_IN_DOTENV.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _write_json(variables: Variables) -> Iterator[str]:
    yield from json.dumps({**variables}, indent=2).split("\n")


def _write_powershell(variables: Variables) -> Iterator[str]:
    """For PowerShell: `fakesmtp env --format powershell | Out-String | Invoke-Expression`."""
    for name, value in variables.items():
        quoted = _SINGLE_QUOTES.sub(r"\1\1", value)
        yield f"$env:{name} = '{quoted}'"


def _write_spring(variables: Variables) -> Iterator[str]:
    """For application.properties of Spring Boot 3.4 and newer, whose mail has SSL bundles."""
    smtp, bundle = "spring.mail.properties.mail.smtp", "spring.ssl.bundle.pem.fakesmtp"
    is_tls = variables["SMTP_SECURITY"] == "tls"
    properties = {
        "spring.mail.host": variables["SMTP_HOST"],
        "spring.mail.port": variables["SMTP_PORT"],
        "spring.mail.username": variables.get("SMTP_USERNAME"),
        "spring.mail.password": variables.get("SMTP_PASSWORD"),
        f"{smtp}.auth": "true" if "SMTP_USERNAME" in variables else None,
        "spring.mail.ssl.enabled": "true" if is_tls else None,
        f"{smtp}.starttls.enable": None if is_tls else "true",
        f"{smtp}.starttls.required": None if is_tls else "true",
        f"{smtp}.ssl.checkserveridentity": "true",
        "spring.mail.ssl.bundle": "fakesmtp",
        f"{bundle}.truststore.certificate": f"file:{variables['SMTP_CA_FILE']}",
    }
    return (f"{name}={_escape_property(value)}" for name, value in properties.items() if value)


def _escape_property(value: str) -> str:
    r"""Escape as java.util.Properties reads it: `\\` for a backslash, `\uXXXX` beyond ASCII."""
    return re.sub(r"^ |[^ -\[\]-~]", _escape_character, value)


def _escape_character(found: re.Match[str]) -> str:
    if found[0] == "\\":
        return r"\\"
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))


def _write_url(variables: Variables) -> Iterator[str]:
    """For mailers that take a URL or DSN; `#` of the user name is `%23`."""
    scheme = "smtps" if variables["SMTP_SECURITY"] == "tls" else "smtp"
    host = variables["SMTP_HOST"]
    login = ""
    if "SMTP_USERNAME" in variables:
        user, password = variables["SMTP_USERNAME"], variables["SMTP_PASSWORD"]
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    yield f"{scheme}://{login}{f'[{host}]' if ':' in host else host}:{variables['SMTP_PORT']}"


#: How each format is written.
FORMATS: Mapping[str, Callable[[Variables], Iterator[str]]] = {
    "shell": _write_shell,
    "dotenv": _write_dotenv,
    "json": _write_json,
    "powershell": _write_powershell,
    "spring": _write_spring,
    "url": _write_url,
}
