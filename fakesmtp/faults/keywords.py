"""The options of fault rules as keyword arguments, for type checkers: no server imports this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.protocol.credentials import MailType
    from fakesmtp.protocol.keywords import MailTypeName
    from fakesmtp.protocol.reply import Reply

#: The names of `Stage`.
StageName = Literal[
    "connect",
    "tls-handshake",
    "greeting",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "data-body",
    "end-of-data",
    "rset",
    "noop",
    "quit",
    "any",
]
#: The names of `KINDS`.
KindName = Literal[
    "reply",
    "garbage",
    "stall",
    "drop",
    "reset",
    "refuse-starttls",
    "bad-certificate",
    "old-tls",
    "strip-starttls",
    "keep-nothing",
    "lose-reply",
    "half-reply",
    "delay",
    "slow-link",
]
#: What can be wrong with a certificate.
Flaw = Literal["expired", "not-yet-valid", "wrong-name", "unknown-authority", "self-signed"]
#: What has a counter of its own.
CountedPer = Literal["rule", "account", "recipient", "session"]
#: The names of `LIMITS`.
LimitKind = Literal["messages-per-second", "recipients-per-message", "connections", "size"]


class RuleOptions(TypedDict, total=False):
    """The name of a rule, its conditions and its schedule."""

    name: str

    app_key: str
    mail_type: MailTypeName | MailType
    port: int
    tls: bool
    ehlo: str
    sender: str
    to: str
    subject: str
    headers: Mapping[str, str]

    nth: int
    times: int
    every: int
    after: int
    between: tuple[float, float] | tuple[str, str]
    probability: float
    seed: int | str
    per: CountedPer
    over_rate: int
    over_recipients: int
    over_connections: int
    over_size: int
    after_bytes: int


class ReplyOptions(RuleOptions, total=False):
    """And the options of the kind `reply`."""

    reply: str | Reply
    close: bool


class FaultOptions(ReplyOptions, total=False):
    """And the options of all other kinds."""

    seconds: float
    bytes_per_second: float
    certificate: Flaw
