"""What our API returns and accepts: the source of its OpenAPI document.

The fields of messages and sessions are those of `fakesmtp.messages.listing`,
`fakesmtp.sessions.listing` and `fakesmtp.sessions.details`, which make the JSON.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

#: How long an account may live without being used: by default, and at most (seconds).
TTL = 3600.0
MOST_TTL = 7 * 24 * 3600.0

MailType = Literal["normal", "auth", "ad"]
Id = Annotated[str, Field(description="Unique on its server.")]


class Problem(BaseModel):
    """An error: what is wrong, then what would be right."""

    detail: str = Field(examples=["there is no message 'abc'"])


class Listener(BaseModel):
    """A port of the endpoint, and the local port that stands for it."""

    port: int = Field(examples=[587])
    local_port: int = Field(examples=[2587])
    tls: bool = Field(description="Whether it has implicit TLS.")


class Info(BaseModel):
    """What the server is, and where clients connect."""

    name: Literal["fakesmtp"]
    version: str
    host: str = Field(description="The address that SMTP clients connect to.")
    listeners: list[Listener]
    ca_certificate: str = Field(description="The CA's certificate (PEM), which clients trust.")
    issued_accounts: int = Field(description="Number of accounts that the API issued.")


# -- findings --------------------------------------------------------------------------------------


class Place(BaseModel):
    """Where in a message: a header field, or a part (from 1; 0 for none), and a line of it."""

    header: str
    part: int
    line: int | None
    offset: int | None
    length: int


class FindingOut(BaseModel):
    """A rule of NHN, the law or a standard that a message or session breaks."""

    rule: str = Field(examples=["ad-subject"])
    severity: Literal["error", "warning", "info"]
    text: str = Field(description="What is wrong, and what would be right.")
    text_ko: str = Field(description="The same in Korean.")
    source: str
    certainty: str
    where: Place


# -- sessions --------------------------------------------------------------------------------------


class End(BaseModel):
    """How a session ended."""

    closed_by: str = Field(examples=["quit"])
    detail: str


class ListedSessionOut(BaseModel):
    """A session in a list. Times are ISO 8601 in UTC, durations seconds."""

    id: Id
    started_at: str
    peer: str = Field(examples=["127.0.0.1:50000"])
    port: int = Field(description="The port of the endpoint.", examples=[587])
    local_port: int
    duration: float | None
    message_count: int | None
    cut: int | None = Field(description="Number of events that were not kept.")
    refused: int | None = Field(description="Number of 4xx and 5xx replies.")
    first_refusal: str | None = Field(
        examples=["RCPT TO:<kim> -> 501 5.1.3 Invalid address"],
    )
    tls: str | None = Field(examples=["TLSv1.3"])
    app_key: str | None
    mail_type: str | None
    diagnosis: str | None = Field(description="Why no message arrived; empty if one did.")
    end: End | None = Field(description="Null while the session is open, and if none is recorded.")
    outcome: str = Field(examples=["delivered"])
    replica: str | None = Field(
        default=None, description="The server that recorded it; only where several share a store."
    )


class SessionPageOut(BaseModel):
    """Sessions, newest first. `cursor` continues the list; null at its end."""

    sessions: list[ListedSessionOut]
    cursor: str | None


class TlsOut(BaseModel):
    """The result of a TLS handshake, which took `handshake` seconds."""

    version: str
    cipher: str
    handshake: float
    sni: str | None
    alpn: str | None


class RefusalOut(BaseModel):
    """A 4xx or 5xx reply; `reason` was not sent to the client."""

    command: str
    reply: str
    reason: str


class TransactionOut(BaseModel):
    """MAIL to the end of data. `rcpt_tos` are the accepted recipients."""

    mail_from: str
    rcpt_tos: list[str]
    mail_parameters: list[str]
    outcome: str = Field(examples=["delivered"])
    message_id: str | None = Field(description="The id of the message, if one was accepted.")
    reply: str | None
    duration: float


class SessionOut(ListedSessionOut):
    """One session, without its lines: these are in `transcript` and in `.jsonl`."""

    mechanism: str | None = Field(examples=["PLAIN"])
    proxy: str | None = Field(
        description="The load balancer that named the client (PROXY protocol).",
        examples=["10.0.0.7:40312"],
    )
    tls_details: TlsOut | None
    refusals: list[RefusalOut]
    transactions: list[TransactionOut]
    notes: list[str]
    findings: list[FindingOut]


class DifferenceOut(BaseModel):
    """The first difference between two sessions, without values that change from run to run."""

    equal: bool
    line: int | None = Field(description="The number of the first line that differs, from 1.")
    diff: list[str] = Field(
        description="Lines as of a diff: `-` is in the first session alone, `+` in the second."
    )


# -- messages --------------------------------------------------------------------------------------


class EnvelopeOut(BaseModel):
    """The envelope of a message, as the client sent it (RFC 5321)."""

    mail_from: str = Field(description="Empty for the null sender.")
    rcpt_tos: list[str]
    mail_parameters: list[str] = Field(examples=[["SIZE=1000"]])


class ListedMessageOut(BaseModel):
    """A message in a list. `number` grows with each message of the server."""

    model_config = ConfigDict(populate_by_name=True)

    id: Id
    number: int = Field(description="For `since` of `/wait`.")
    session_id: Id
    received_at: str = Field(description="When the last byte arrived: ISO 8601, UTC.")
    port: int = Field(examples=[587])
    tls: str | None
    app_key: str | None
    mail_type: str | None
    mail_from: str
    rcpt_tos: list[str]
    size: int = Field(description="Bytes.")
    dropped_lines: int
    subject: str
    from_: str = Field(alias="from")
    to: str
    cc: str
    bcc: str
    reply_to: str
    message_id: str
    snippet: str
    attachment_count: int
    inline_count: int
    read: bool
    tags: list[str]


class MessagePageOut(BaseModel):
    """Messages of a search. `cursor` continues the list; null at its end."""

    messages: list[ListedMessageOut]
    cursor: int | None
    count: int = Field(description="Number of messages that match.")
    count_is_exact: bool = Field(description="False if there are more than `count`.")
    newest: int = Field(description="The number of the newest message, for `since` of `/wait`.")


class RecordOut(BaseModel):
    """A message as it is stored."""

    id: Id
    session_id: Id
    received_at: str
    port: int
    tls: str | None
    app_key: str | None
    mail_type: str | None
    mail_from: str
    rcpt_tos: list[str]
    size: int
    dropped_lines: int
    mail_parameters: list[str]
    tls_details: TlsOut | None
    raw: str = Field(description="The bytes of the message, in Base64.")


class NothingCame(BaseModel):
    """What did arrive while a request waited in vain."""

    detail: str = Field(description="All of it as text, for people.")
    arrived: int = Field(description="Number of messages; at most 200 are counted.")
    messages: list[ListedMessageOut] = Field(description="The newest that arrived.")
    refused_sessions: list[ListedSessionOut] = Field(
        description="The newest sessions with a refusal: of the account, or without a login."
    )


class AttachmentOut(BaseModel):
    """An attached file, or a part that HTML shows in place."""

    filename: str | None
    content_type: str
    content_id: str | None
    disposition: str | None
    size: int


class MessageOut(ListedMessageOut):
    """Everything that is known about a message."""

    headers: list[tuple[str, str]]
    text: str | None
    html: str | None
    html_text: str | None = Field(description="The text that the HTML shows.")
    attachments: list[AttachmentOut]
    links: list[str]
    envelope: EnvelopeOut
    findings: list[FindingOut]
    session: ListedSessionOut | None = Field(description="Null if it is no longer stored.")


class Extracted(BaseModel):
    """What tests look for in a message."""

    codes: list[str] = Field(
        description="The matches of `code` in the text, else in the text of the HTML.",
        examples=[["493021"]],
    )
    links: list[str]


Tag = Annotated[str, Field(min_length=1, max_length=100)]


class Marks(BaseModel):
    """What to change of messages; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    read: bool | None = None
    tags: Annotated[list[Tag] | None, Field(max_length=100)] = None


class Changed(BaseModel):
    """The number of messages that were changed or deleted."""

    count: int


class FindingsOut(BaseModel):
    """Findings, the most severe first."""

    findings: list[FindingOut]


# -- accounts --------------------------------------------------------------------------------------


class AccountIn(BaseModel):
    """How to make an account."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ttl: Annotated[
        float,
        Field(gt=0, le=MOST_TTL, description="Seconds after which it ends, unless it is used."),
    ] = TTL


class ListedAccountOut(BaseModel):
    """An account that the API issued."""

    app_key: str
    ttl: float
    expires_at: str = Field(description="ISO 8601, UTC; every use moves it.")


class AccountOut(ListedAccountOut):
    """A new account: what a client logs in with."""

    secret_key: str
    usernames: dict[MailType, str] = Field(
        description="The user name for each type of mail.", examples=[{"auth": "0a1b2c3d#auth"}]
    )


class AccountsOut(BaseModel):
    """The accounts that the API issued and that have not ended, oldest first."""

    accounts: list[ListedAccountOut]


# -- faults ----------------------------------------------------------------------------------------


class FaultOut(BaseModel):
    """A fault rule. `fault` has the form that POST and PUT accept."""

    id: int
    fault: dict[str, Any]
    means: str = Field(description="When it is applied and what happens then.")
    applied: int = Field(description="How often it was applied.")


class FaultsOut(BaseModel):
    """The fault rules, in the order in which they are tried."""

    faults: list[FaultOut]
