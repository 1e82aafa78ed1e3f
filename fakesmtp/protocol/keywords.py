"""The switches of `Policy` as keyword arguments, for type checkers: no server imports this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from fakesmtp.protocol.policy import AuthPoint, Lenience

#: The names of `MailType`.
MailTypeName = Literal["normal", "auth", "ad"]


class Switches(TypedDict, total=False):
    """The fields of `Policy`, and `require_auth`, the short form of `auth_required_at`."""

    require_auth: bool
    auth_required_at: AuthPoint
    require_tls: bool
    unknown_mail_type: Lenience
    empty_mail_type: Lenience
    several_hashes: Lenience
    mail_type_in_any_case: bool
    max_message_size: int
    max_recipients: int
    idle_timeout: float
    unsafe_lone_lf_ends_message: bool
    unsafe_commands_behind_starttls: bool
    unsafe_user_name_in_any_case: bool
    unsafe_postmaster_without_auth: bool
    unsafe_echo_of_cr: bool
