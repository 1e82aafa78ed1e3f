"""The settings of a client, as environment variables or written in a format."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.credentials import check_mail_type

if TYPE_CHECKING:
    from fakesmtp.formats import EnvFormat
    from fakesmtp.protocol.keywords import MailTypeName


def set_mail_type(variables: dict[str, str], mail_type: MailTypeName | None) -> dict[str, str]:
    """Return the variables with the mail type in the user name: `AppKey#auth`.

    Raises `ConfigurationError` for an unknown type, and where there is no user name.
    """
    if mail_type is None:
        return variables
    if "SMTP_USERNAME" not in variables:
        raise ConfigurationError("mail_type needs an account, and this server accepts any AppKey")
    user_name = f"{variables['SMTP_USERNAME']}#{check_mail_type(mail_type)}"
    return {**variables, "SMTP_USERNAME": user_name}


class ClientSettings:
    """A base of what clients connect to: it has their settings."""

    @overload
    def env(self, port: int = 587, *, mail_type: MailTypeName | None = None) -> dict[str, str]: ...
    @overload
    def env(
        self, port: int = 587, *, mail_type: MailTypeName | None = None, format: EnvFormat
    ) -> str: ...
    def env(
        self,
        port: int = 587,
        *,
        mail_type: MailTypeName | None = None,
        format: EnvFormat | None = None,  # noqa: A002 - its public name
    ) -> dict[str, str] | str:
        """Return the settings of a client as environment variables; set none of them.

        The names are SMTP_HOST, SMTP_PORT (the local port), SMTP_SECURITY (`starttls` or `tls`),
        SMTP_CA_FILE and, unless any account is accepted, SMTP_USERNAME and SMTP_PASSWORD. `port`
        is one of the endpoint's. With `mail_type` the user name is `AppKey#auth`. With `format`
        they are text: `shell`, `dotenv`, `json`, `powershell`, `spring` (application.properties)
        or `url` (`smtp://AppKey%23auth:SecretKey@localhost:1587`).

        Raises `ConfigurationError` for a port, type or format that does not exist.
        """
        variables = set_mail_type(self._variables(port), mail_type)
        if format is None:
            return variables
        from fakesmtp.formats import write_variables  # noqa: PLC0415 - few clients need a text

        return write_variables(variables, format)

    def _variables(self, port: int) -> dict[str, str]:
        """Return the variables of a port."""
        raise NotImplementedError
