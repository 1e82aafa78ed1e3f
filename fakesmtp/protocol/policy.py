"""The switches: behaviour that no source documents for the endpoint.

Every field is a choice (provenance *assumed*) or the faithful form of a known vulnerability
(`unsafe_…`, off by default). `docs/fidelity.md` is generated from the descriptions here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

Lenience = Literal["refuse", "normal"]
AuthPoint = Literal["rcpt", "mail", "never"]
_MEBIBYTE = 1024 * 1024


def _about(
    description: str, choices: tuple[object, ...] = (), unit: str = "truth"
) -> dict[str, object]:
    """Return the description of a switch: its `choices`, or else the unit of its value."""
    return {"description": description, "choices": choices, "unit": unit}


_LENIENCE = ("refuse", "normal")


@dataclass(frozen=True)
class Policy:
    """The switches of one server. Sizes are bytes, times are seconds.

    Raises `ConfigurationError` for an invalid value.
    """

    auth_required_at: AuthPoint = field(
        default="rcpt",
        metadata=_about(
            "Where a client without AUTH is refused: at RCPT (as recorded), at MAIL, never.",
            ("rcpt", "mail", "never"),
        ),
    )
    require_tls: bool = field(
        default=False,
        metadata=_about(
            "Whether commands that need privacy are refused before TLS (RFC 3207 §4).",
        ),
    )
    unknown_mail_type: Lenience = field(
        default="refuse",
        metadata=_about(
            "`AppKey#promo`: refused like wrong keys, or treated as `normal`.",
            _LENIENCE,
        ),
    )
    empty_mail_type: Lenience = field(
        default="refuse",
        metadata=_about(
            "`AppKey#`: refused like wrong keys, or treated as `normal`.",
            _LENIENCE,
        ),
    )
    several_hashes: Lenience = field(
        default="refuse",
        metadata=_about(
            "`AppKey#ad#x`: refused like wrong keys, or treated as `normal`.",
            _LENIENCE,
        ),
    )
    mail_type_in_any_case: bool = field(
        default=False,
        metadata=_about(
            "Whether `AppKey#AD` means `AppKey#ad`; otherwise it is refused.",
        ),
    )
    max_message_size: int = field(
        default=64 * _MEBIBYTE,
        metadata=_about(
            "Message data of more than this many bytes is read and discarded (`552`). The limit "
            "of the endpoint is not documented; this one protects the process.",
            unit="bytes",
        ),
    )
    max_recipients: int = field(
        default=10_000,
        metadata=_about(
            "More than this many recipients of one transaction are refused (`452`). The limit of "
            "the endpoint is not documented; this one protects the process.",
            unit="count",
        ),
    )
    idle_timeout: float = field(
        default=120.0,
        metadata=_about(
            "A connection without a complete line for this many seconds is closed without a reply.",
            unit="seconds",
        ),
    )
    unsafe_lone_lf_ends_message: bool = field(
        default=False,
        metadata=_about(
            "SMTP smuggling: a three-byte line that starts with a dot ends a message, also "
            "after or with a bare LF, as in the recorded software.",
        ),
    )
    unsafe_commands_behind_starttls: bool = field(
        default=False,
        metadata=_about(
            "Commands injected in plaintext after STARTTLS are executed inside TLS, as in the "
            "recorded software. By default they get `451` and the connection is closed.",
        ),
    )
    unsafe_user_name_in_any_case: bool = field(
        default=False,
        metadata=_about(
            "AppKeys and mail types are accepted in any case, as in the recorded software, which "
            "changes user names to lower case. By default another case is a wrong key.",
        ),
    )
    unsafe_postmaster_without_auth: bool = field(
        default=False,
        metadata=_about(
            "Messages to postmaster@ and abuse@ of any domain are accepted without AUTH, as in the "
            "recorded software. By default RCPT is accepted too, but DATA is refused.",
        ),
    )
    unsafe_echo_of_cr: bool = field(
        default=False,
        metadata=_about(
            "A bare CR in a command is echoed raw in the reply, as in the recorded software. By "
            "default it is echoed as `?`.",
        ),
    )

    def __post_init__(self) -> None:
        for switch in fields(self):
            right = _describe_right(switch, getattr(self, switch.name))
            if right:
                value = getattr(self, switch.name)
                raise ConfigurationError(f"{switch.name} must be {right}, not {value!r}")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all switches."""
        return tuple(switch.name for switch in fields(cls))


def _describe_right(switch: Field[object], value: object) -> str:
    """Return what a switch must be, or "" if its value is valid."""
    choices = switch.metadata["choices"]
    if choices:
        return "" if value in choices else f"one of {', '.join(map(repr, choices))}"
    if isinstance(switch.default, bool):
        return "" if isinstance(value, bool) else "True or False"
    kind, right = _NUMBERS[type(switch.default)]
    is_right = isinstance(value, kind) and not isinstance(value, bool) and value > 0
    return "" if is_right else right


#: By the type of a default: the types of valid values, and what a value must be.
_NUMBERS: Mapping[type, tuple[type[float] | tuple[type[float], ...], str]] = {
    int: (int, "a whole number above 0"),
    float: ((int, float), "a number above 0"),
}
