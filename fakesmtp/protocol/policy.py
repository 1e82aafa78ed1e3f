"""The switches: what the emulator does where nothing says what the endpoint does.

Every field is a choice (provenance *assumed*) or the faithful form of a known vulnerability
(`unsafe_…`, off by default). `docs/fidelity.md` is made from the descriptions here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal, TypeVar

from fakesmtp.errors import ConfigurationError

Lenience = Literal["refuse", "normal"]
AuthPoint = Literal["rcpt", "mail", "never"]
_MEBIBYTE = 1024 * 1024
_T = TypeVar("_T")


def _switch(default: _T, description: str, choices: tuple[object, ...] = ()) -> _T:
    value: _T = field(default=default, metadata={"description": description, "choices": choices})
    return value


_LENIENCE = ("refuse", "normal")


@dataclass(frozen=True)
class Policy:
    """The switches of one server. Sizes are bytes, times are seconds.

    Raises `ConfigurationError` for a value that a switch does not have.
    """

    auth_required_at: AuthPoint = _switch(
        "rcpt",
        "Where a client that has not logged in is refused: at RCPT (as recorded), at MAIL, never.",
        ("rcpt", "mail", "never"),
    )
    require_tls: bool = _switch(
        default=False,
        description="Whether commands that need privacy are refused before TLS (RFC 3207 §4).",
    )
    unknown_mail_type: Lenience = _switch(
        "refuse",
        "`AppKey#promo`: refused like wrong keys, or treated as `normal`.",
        _LENIENCE,
    )
    empty_mail_type: Lenience = _switch(
        "refuse", "`AppKey#`: refused like wrong keys, or treated as `normal`.", _LENIENCE
    )
    several_hashes: Lenience = _switch(
        "refuse", "`AppKey#ad#x`: refused like wrong keys, or treated as `normal`.", _LENIENCE
    )
    mail_type_in_any_case: bool = _switch(
        default=False, description="Whether `AppKey#AD` means `AppKey#ad`; else it is refused."
    )
    max_message_size: int = _switch(
        64 * _MEBIBYTE,
        "Message data over this many bytes is read and dropped (`552`). The endpoint's limit is "
        "not documented; this one protects the process.",
    )
    idle_timeout: float = _switch(
        120.0, "A connection without a complete line for this many seconds is closed silently."
    )
    unsafe_lone_lf_ends_message: bool = _switch(
        default=False,
        description="SMTP smuggling: a three-byte line that starts with a dot ends a message, "
        "also behind or with a lone LF, as the recorded software has it.",
    )
    unsafe_commands_behind_starttls: bool = _switch(
        default=False,
        description="Commands injected in clear behind STARTTLS are run inside TLS, as the "
        "recorded software has it. By default they get `451` and the connection is closed.",
    )
    unsafe_user_name_in_any_case: bool = _switch(
        default=False,
        description="AppKeys and mail types are taken in any case, as the recorded software "
        "(which puts user names in small letters) has it. By default that is a wrong key.",
    )
    unsafe_postmaster_without_auth: bool = _switch(
        default=False,
        description="Mail to postmaster@ and abuse@ any domain is taken without AUTH, as the "
        "recorded software has it. By default RCPT says so too, but DATA is refused.",
    )
    unsafe_echo_of_cr: bool = _switch(
        default=False,
        description="A bare CR in a command comes back raw in the reply, as the recorded "
        "software has it. By default it comes back as `?`.",
    )

    def __post_init__(self) -> None:
        for switch in fields(self):
            self._check(switch.name, switch.metadata["choices"])
        if self.max_message_size < 1 or self.idle_timeout <= 0:
            message = "max_message_size (bytes) and idle_timeout (seconds) must be more than 0"
            raise ConfigurationError(message)

    def _check(self, name: str, choices: tuple[object, ...]) -> None:
        value = getattr(self, name)
        if choices and value not in choices:
            known = ", ".join(map(repr, choices))
            message = f"{name} cannot be {value!r}: it is one of {known}"
            raise ConfigurationError(message)
