"""The JSON of Mailpit's API. A client may check that there are these keys and no others."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from fakesmtp.storage.folding import mend

#: Words that Mailpit writes in capitals.
_CAPITALS = {
    "html": "HTML",
    "id": "ID",
    "ids": "IDs",
    "ip": "IP",
    "md5": "MD5",
    "sha1": "SHA1",
    "sha256": "SHA256",
    "smtp": "SMTP",
}


def _name(name: str) -> str:
    """Return a key as Mailpit writes it: `MessageID` for `message_id`."""
    return "".join(_CAPITALS.get(word, word.capitalize()) for word in name.split("_"))


#: A text from a message: JSON has no half surrogate pairs.
Text = Annotated[
    str, BeforeValidator(lambda value: mend(value) if isinstance(value, str) else value)
]


class Shape(BaseModel):
    """An object with Mailpit's keys. In a request, keys are read in any case."""

    model_config = ConfigDict(
        alias_generator=_name,
        validate_by_name=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _read_keys(cls, value: Any) -> Any:  # noqa: ANN401 - as JSON is
        """Read keys in any case; null is the same as no key, as in Mailpit."""
        if not isinstance(value, dict):
            return value
        names = {str(field.alias).lower(): str(field.alias) for field in cls.model_fields.values()}
        return {
            names.get(key.lower(), key): each for key, each in value.items() if each is not None
        }


# -- messages --------------------------------------------------------------------------------------


class Address(Shape):
    """A name and an address."""

    name: Text = ""
    address: Text = ""


class MessageSummary(Shape):
    """A message in a list."""

    id: str
    message_id: Text
    read: bool
    from_: Address
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    reply_to: list[Address]
    subject: Text
    created: str = Field(description="Time of arrival (RFC 3339, UTC).")
    username: Text = Field(description="User name of AUTH: `AppKey#auth`.")
    tags: list[str]
    size: int = Field(description="Bytes.")
    attachments: int = Field(description="Number of attachments.")
    snippet: Text = Field(description="Start of the text.")


class MessagesSummary(BaseModel):
    """A page of messages."""

    total: int = Field(description="Messages in the inbox.")
    unread: int = Field(description="Unread messages in the inbox.")
    count: int = Field(description="Messages on this page.")
    messages_count: int = Field(description="Messages that match.")
    messages_unread: int = Field(description="Unread messages that match.")
    start: int = Field(description="Number of messages before this page.")
    tags: list[str]
    messages: list[MessageSummary]


class Checksums(Shape):
    """Checksums of an attachment, hexadecimal."""

    md5: str
    sha1: str
    sha256: str


class AttachmentShape(Shape):
    """An attachment."""

    part_id: str
    file_name: Text
    content_type: Text
    content_id: Text
    size: int = Field(description="Bytes.")
    checksums: Checksums


class ListUnsubscribe(Shape):
    """The header fields List-Unsubscribe (RFC 2369) and List-Unsubscribe-Post (RFC 8058)."""

    header: Text = ""
    links: list[Text] = []
    errors: Text = ""
    header_post: Text = ""


class Message(Shape):
    """A message."""

    id: str
    message_id: Text
    from_: Address
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    reply_to: list[Address]
    return_path: Text = Field(description="Sender of the envelope.")
    subject: Text
    list_unsubscribe: ListUnsubscribe
    date: str = Field(description="The header field Date, else the time of arrival (RFC 3339).")
    tags: list[str]
    username: Text
    text: Text
    html: Text
    size: int = Field(description="Bytes.")
    inline: list[AttachmentShape]
    attachments: list[AttachmentShape]


class Marks(Shape):
    """Which messages to mark as read, or as unread."""

    ids: list[str] = []
    read: StrictBool = False
    search: str = ""


class Ids(Shape):
    """Ids of messages."""

    ids: list[str] = []


class Tagging(Ids):
    """Messages, and their new tags."""

    tags: list[str] = []


class TagName(Shape):
    """The new name of a tag."""

    name: str = ""


# -- the server ------------------------------------------------------------------------------------


class RuntimeStats(Shape):
    """What happened since the server started."""

    uptime: int = Field(description="Seconds.")
    memory: int = Field(description="Bytes.")
    messages_deleted: int
    smtp_accepted: int
    smtp_accepted_size: int = Field(description="Bytes.")
    smtp_rejected: int
    smtp_ignored: int


class Info(Shape):
    """The server and its messages."""

    version: str
    latest_version: str
    database: str
    database_size: int = Field(description="Bytes.")
    messages: int
    unread: int
    tags: dict[str, int]
    runtime_stats: RuntimeStats


class MessageRelay(Shape):
    """Relaying, which fakesmtp never does."""

    enabled: bool = False
    smtp_server: str = ""
    return_path: str = ""
    allowed_recipients: str = ""
    blocked_recipients: str = ""
    override_from: str = ""
    preserve_message_ids: bool = False
    recipient_allowlist: str = ""


class WebUi(Shape):
    """What the server can do."""

    label: str = ""
    message_relay: MessageRelay = MessageRelay()
    spam_assassin: bool = False
    chaos_enabled: bool = True
    duplicates_ignored: bool = False
    hide_delete_all_button: bool = False


class Trigger(Shape):
    """How likely a command fails, and with which code."""

    error_code: int = Field(default=0, description="400 to 599; 0: the default.")
    probability: int = Field(default=0, ge=0, le=100, description="Per cent.")


class Chaos(Shape):
    """Commands that fail at random."""

    sender: Trigger = Trigger()
    recipient: Trigger = Trigger()
    authentication: Trigger = Trigger()


# -- sending ---------------------------------------------------------------------------------------


class Contact(Shape):
    """A name and an address of a message to be sent."""

    email: str = ""
    name: str = ""


class SentAttachment(Shape):
    """An attachment of a message to be sent. With a content id it is shown in place."""

    content: str = Field(default="", description="Base64; a prefix up to a comma is ignored.")
    filename: str = ""
    content_type: str = ""
    content_id: str = ""


class Sending(Shape):
    """A message to be sent."""

    from_: Contact = Contact()
    to: list[Contact] = []
    cc: list[Contact] = []
    bcc: list[str] = []
    reply_to: list[Contact] = []
    subject: str = ""
    text: str = ""
    html: str = ""
    headers: dict[str, str] = {}
    tags: list[str] = []
    attachments: list[SentAttachment] = []


class Sent(Shape):
    """The id of the stored message."""

    id: str
