"""One message: its JSON, its header, its bytes and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from fakesmtp.web.lookup import Wanted, find_message, mark_shown
from fakesmtp.web.mailpit.details import describe, list_headers, name_of
from fakesmtp.web.mailpit.shapes import Message
from fakesmtp.web.mailpit.thumbnails import make_thumbnail
from fakesmtp.web.paths import MAILPIT
from fakesmtp.web.serving import Here

if TYPE_CHECKING:
    from fakesmtp.messages import Attachment, ReceivedMessage

router = APIRouter(prefix=f"{MAILPIT}/message", tags=["mailpit"], include_in_schema=False)

#: Types that a browser would run: they are downloaded.
_ACTIVE = frozenset(
    {
        *("text/html", "text/xml", "text/xsl"),
        *("application/xhtml+xml", "application/xml", "image/svg+xml"),
    }
)
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_OFF = {
    "html-check": "fakesmtp has no check of HTML against mail programs",
    "link-check": "fakesmtp makes no request to other servers, so it does not check links",
    "sa-check": "fakesmtp does not use SpamAssassin",
}


@router.get("/{message_id}")
def show_message(here: Here, message_id: str, wanted: Wanted) -> Message:
    """Return a message, and mark it as read. `latest` is the newest that matches `query`."""
    message = find_message(here, message_id, wanted)
    mark_shown(here, message.id)
    rows = here.archive.store.rows([message.id])
    return describe(message, rows[0].tags if rows else ())


@router.get("/{message_id}/headers")
def show_headers(here: Here, message_id: str, wanted: Wanted) -> dict[str, list[str]]:
    """Return the header fields, each with all its values."""
    return list_headers(find_message(here, message_id, wanted))


@router.get("/{message_id}/raw")
def show_raw(here: Here, message_id: str, wanted: Wanted, dl: str = "") -> Response:
    """Return the bytes of a message as they were sent; `dl=1` as a file."""
    message = find_message(here, message_id, wanted)
    headers = {"X-Content-Type-Options": "nosniff"}
    if dl == "1":
        headers["Content-Disposition"] = f'attachment; filename="{quote(message.id)}.eml"'
    return Response(message.raw, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/{message_id}/part/{number}")
def show_part(here: Here, message_id: str, number: str, wanted: Wanted) -> Response:
    """Return the content of a part. What a browser would run is a download."""
    part = _find_part(find_message(here, message_id, wanted), number)
    is_active = part.content_type in _ACTIVE
    place = "attachment" if is_active else "inline"
    headers = {
        # As a header, because `media_type` adds UTF-8 to a text, which may be in any charset.
        "Content-Type": "application/octet-stream" if is_active else _media_type(part),
        "Content-Disposition": f'{place}; filename="{_file_name(part)}"',
    }
    return Response(part.content, headers={**headers, **_SAFE})


@router.get("/{message_id}/part/{number}/thumb")
def show_thumbnail(here: Here, message_id: str, number: str, wanted: Wanted) -> Response:
    """Return a small picture (JPEG) of a part; a white one if it is not a picture."""
    part = _find_part(find_message(here, message_id, wanted), number)
    name, _, _ = _file_name(part).rpartition(".")
    return Response(
        make_thumbnail(part.content if part.content_type.startswith("image/") else b""),
        media_type="image/jpeg",
        headers={"Content-Disposition": f'inline; filename="{name or "thumb"}.jpg"', **_SAFE},
    )


@router.post("/{message_id}/release")
def refuse_release(here: Here, message_id: str) -> Response:
    """Refuse to relay a message."""
    find_message(here, message_id)
    raise HTTPException(400, "fakesmtp delivers nothing: there is no relay to release a message to")


@router.get("/{message_id}/{check}")
def refuse_check(here: Here, message_id: str, check: str) -> Response:
    """Refuse the checks that fakesmtp does not have."""
    find_message(here, message_id)
    raise HTTPException(404, _OFF.get(check, "Not Found"))


def _find_part(message: ReceivedMessage, number: str) -> Attachment:
    found = next((each for each in message.contents.files if each.number == number), None)
    if found is None:
        known = ", ".join(each.number for each in message.contents.files) or "none"
        raise HTTPException(404, f"the message has no part {number!r}; its parts are: {known}")
    return found


def _media_type(part: Attachment) -> str:
    # Bytes of the message: only a plain type may be in a header.
    is_plain = part.content_type.isascii() and part.content_type.isprintable()
    return (
        part.content_type if is_plain and "/" in part.content_type else "application/octet-stream"
    )


def _file_name(part: Attachment) -> str:
    return quote(name_of(part), safe="")
