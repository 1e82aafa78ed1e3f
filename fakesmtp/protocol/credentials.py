"""Credentials of the endpoint: `AppKey` or `AppKey#mailType`, and the SecretKey.

NHN Cloud Email, SMTP guide, "용도별 메일 사용": the user name contains the mail type;
without one the message is `normal`. Other spellings are not documented: `Policy` has a switch for
each.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.sasl import is_encoded_response
from fakesmtp.protocol.secret import MASK

if TYPE_CHECKING:
    from fakesmtp.protocol.keywords import MailTypeName
    from fakesmtp.protocol.policy import Policy


class MailType(StrEnum):
    """The purpose of a message, as given in the user name."""

    NORMAL = "normal"
    AUTH = "auth"
    AD = "ad"


_APP_KEY = r"[^\s\0:'\"]{1,255}"
_MAIL_TYPE = r"[A-Za-z_-]{1,16}"
_MAIL_TYPES = {mail_type.value: mail_type for mail_type in MailType}


def may_be_app_key(text: str) -> bool:
    """Return whether a text can be an AppKey: one word without colon, quote or NUL.

    Other texts often contain a password: `AppKey:SecretKey`, or a whole response of PLAIN, perhaps
    encoded twice.
    """
    fits = text.isprintable() and re.fullmatch(_APP_KEY, text) is not None
    return fits and not is_encoded_response(text.encode("utf-8", "replace"))


def check_mail_type(text: object) -> MailType:
    """Return the mail type of a name. Raises `ConfigurationError` for an unknown one."""
    if isinstance(text, str) and text in _MAIL_TYPES:
        return _MAIL_TYPES[text]
    known = ", ".join(map(repr, _MAIL_TYPES))
    raise ConfigurationError(f"mail_type must be one of {known}, not {text!r}")


def may_be_mail_type(text: str) -> bool:
    """Return whether a text can be a mail type, known or not: a few letters."""
    return re.fullmatch(_MAIL_TYPE, text) is not None


class Login(NamedTuple):
    """The AppKey and mail type of a session after a successful AUTH."""

    app_key: str
    mail_type: MailType


class Credentials(NamedTuple):
    """The credentials of a client. `repr` does not show the SecretKey."""

    app_key: str
    mail_type: MailType
    secret_key: str

    def __repr__(self) -> str:
        return f"Credentials(app_key={self.app_key!r}, mail_type={self.mail_type!r})"

    @classmethod
    def parse(cls, user_name: str, secret_key: str, policy: Policy) -> Credentials | None:
        """Parse a user name by the policy; return None if its mail type is not accepted."""
        app_key, mark, type_name = user_name.partition("#")
        mail_type = _parse_mail_type(type_name, policy) if mark else MailType.NORMAL
        return None if mail_type is None else cls(app_key, mail_type, secret_key)


def _parse_mail_type(type_name: str, policy: Policy) -> MailType | None:
    lenient, spelling = False, type_name
    if "#" in type_name:
        lenient = policy.several_hashes == "normal"
    elif not type_name:
        lenient = policy.empty_mail_type == "normal"
    else:
        lenient = policy.unknown_mail_type == "normal"
        if policy.mail_type_in_any_case or policy.unsafe_user_name_in_any_case:
            spelling = type_name.lower()
    return _MAIL_TYPES.get(spelling, MailType.NORMAL if lenient else None)


class Account(NamedTuple):
    """An AppKey and its SecretKey, which `repr` does not show."""

    app_key: str
    secret_key: str

    def username(self, mail_type: MailTypeName | MailType) -> str:
        """Return the user name for messages of a type: `AppKey#auth`.

        Raises `ConfigurationError` for an unknown type.
        """
        return f"{self.app_key}#{check_mail_type(mail_type)}"

    def __repr__(self) -> str:
        return f"Account(app_key={self.app_key!r}, secret_key={MASK})"
