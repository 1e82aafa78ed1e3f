"""The words of a `Rule` as keyword arguments, for type checkers: no server imports this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.protocol.credentials import MailType
    from fakesmtp.protocol.keywords import MailTypeName
    from fakesmtp.protocol.reply import Reply

#: The values of `Where`.
Place = Literal[
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
#: The values of `What`.
Kind = Literal[
    "reply",
    "delay",
    "stall",
    "drop",
    "reset",
    "half-reply",
    "garbage",
    "slow-link",
    "refuse-starttls",
    "strip-starttls",
    "bad-certificate",
    "old-tls",
    "lose-reply",
    "keep-nothing",
]
#: What can be wrong with a certificate.
Flaw = Literal["expired", "not-yet-valid", "wrong-name", "unknown-authority", "self-signed"]
#: What a rule counts for.
CountedPer = Literal["rule", "account", "recipient", "session"]
#: The kinds of limits.
LimitKind = Literal["messages-per-second", "recipients-per-message", "connections", "size"]


class RuleOptions(TypedDict, total=False):
    """The name of a rule, for whom it is, and when it strikes."""

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
    """And what is replied."""

    reply: str | Reply
    close: bool


class FaultOptions(ReplyOptions, total=False):
    """And what any other fault needs."""

    seconds: float
    bytes_per_second: float
    certificate: Flaw
