"""Messages that are sent over HTTP: into the inbox only."""

from __future__ import annotations

import base64
import binascii
import re
from email.errors import MessageError
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from mimetypes import guess_type
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException
from starlette.requests import Request

from fakesmtp.protocol.actions import Envelope
from fakesmtp.protocol.credentials import Login, MailType, may_be_app_key
from fakesmtp.storage.tags import clean_tags
from fakesmtp.text import quote
from fakesmtp.web.mailpit.bodies import AnyBody
from fakesmtp.web.mailpit.shapes import Sending, Sent
from fakesmtp.web.paths import SEND
from fakesmtp.web.serving import Here

if TYPE_CHECKING:
    from fakesmtp.web.mailpit.shapes import Contact, SentAttachment

router = APIRouter(tags=["mailpit"], include_in_schema=False)

#: RFC 2045 §5.1, without parameters.
_TYPE = re.compile(r"([A-Za-z0-9!#$&^_.+-]+)/([A-Za-z0-9!#$&^_.+-]+)(?:;.*)?")
_DOMAIN = "fakesmtp.invalid"
#: Header fields that the other keys give.
_GIVEN = frozenset(
    {
        *("to", "from", "cc", "bcc", "reply-to", "date", "subject"),
        *("content-type", "mime-version", "content-transfer-encoding"),
    }
)


@router.post(SEND)
def send_message(here: Here, body: AnyBody, request: Request) -> Sent:
    """Store a message as if it had been sent. Its user is that of HTTP Basic, if one is given."""
    sending = body.read(Sending)
    message, tags = _make_message(sending), clean_tags(sending.tags)
    recipients = [*(each.email for each in (*sending.to, *sending.cc)), *sending.bcc]
    envelope = Envelope(
        _address(sending.from_, "From").addr_spec,
        tuple(dict.fromkeys(_bare(each, "recipient") for each in recipients)),
    )
    login = _read_login(request.headers.get("authorization", ""))
    stored = here.archive.keep_message(message.as_bytes(policy=SMTP), envelope, login)
    if tags:
        here.archive.store.tag([stored.id], tags).result()
    return Sent(id=stored.id)


def _make_message(sending: Sending) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    try:
        _set_headers(message, sending)
        message.set_content(sending.text)
        if sending.html:
            message.add_alternative(sending.html, subtype="html")
        # Related parts first: they belong to the HTML, and files to the whole.
        for attachment in sorted(sending.attachments, key=lambda each: not each.content_id):
            _attach(message, attachment)
    except (ValueError, MessageError, LookupError) as error:
        raise HTTPException(400, f"the message cannot be written: {error}") from None
    return message


def _set_headers(message: EmailMessage, sending: Sending) -> None:
    message["From"] = _address(sending.from_, "From")
    for name, contacts in (("To", sending.to), ("Cc", sending.cc), ("Reply-To", sending.reply_to)):
        if contacts:
            message[name] = tuple(_address(each, name) for each in contacts)
    message["Subject"] = sending.subject
    message["Date"] = localtime()
    _check_names(sending)
    for name, value in sending.headers.items():
        message[name] = value
    if sending.tags:
        message["X-Tags"] = ", ".join(sending.tags)
    if "Message-ID" not in message:
        message["Message-ID"] = make_msgid(domain=_DOMAIN)


def _check_names(sending: Sending) -> None:
    taken = _GIVEN | {"x-tags"} if sending.tags else _GIVEN
    for name in sending.headers:
        if name.lower() in taken:
            raise HTTPException(400, f"Headers must not have {quote(name)}: another key gives it")
        is_name = name.isascii() and name.isprintable() and not set(name) & set(": ")
        if not name or not is_name:
            raise HTTPException(
                400, f"{quote(name)} is not the name of a header field (RFC 5322 §2.2)"
            )


def _address(contact: Contact, field: str) -> HeaderAddress:
    try:
        bare = HeaderAddress(addr_spec=contact.email.strip().strip("<>"))
    except (ValueError, MessageError, IndexError) as error:
        raise _not_an_address(contact.email, field) from error
    try:
        return HeaderAddress(contact.name, bare.username, bare.domain)
    except ValueError as error:
        raise HTTPException(
            400, f"{field}: the name {quote(contact.name)} must not contain line ends"
        ) from error


def _bare(text: str, field: str) -> str:
    try:
        address = HeaderAddress(addr_spec=text.strip().strip("<>"))
    except (ValueError, MessageError, IndexError) as error:
        raise _not_an_address(text, field) from error
    if not address.domain:
        raise _not_an_address(text, field)
    return address.addr_spec


def _not_an_address(text: str, field: str) -> HTTPException:
    return HTTPException(
        400, f"{field}: {quote(text)} is not an address (example: kim@example.com)"
    )


def _attach(message: EmailMessage, attachment: SentAttachment) -> None:
    content = _decode(attachment)
    kind = (
        attachment.content_type or guess_type(attachment.filename)[0] or "application/octet-stream"
    )
    found = _TYPE.fullmatch(kind)
    if found is None:
        raise HTTPException(400, f"{quote(kind)} is not a ContentType (example: image/png)")
    maintype, subtype = found.groups()
    body = message.get_body(("html", "plain"))
    if attachment.content_id and body is not None:
        body.add_related(
            content,
            *(maintype, subtype),
            disposition="inline",
            filename=attachment.filename,
            cid=f"<{attachment.content_id}>",
        )
    else:
        message.add_attachment(content, maintype, subtype, filename=attachment.filename)


def _decode(attachment: SentAttachment) -> bytes:
    _, _, encoded = attachment.content.rpartition(",")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        name = quote(attachment.filename)
        raise HTTPException(400, f"the Content of attachment {name} is not valid Base64") from None


def _read_login(authorization: str) -> Login | None:
    """Return the user of HTTP Basic as an AppKey with a mail type. Its password is ignored."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, _ = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return None
    app_key, _, mail_type = user.partition("#")
    known = {each.value: each for each in MailType}
    return (
        Login(app_key, known.get(mail_type, MailType.NORMAL)) if may_be_app_key(app_key) else None
    )
