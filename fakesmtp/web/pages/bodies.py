"""The HTML of a message, for a sandboxed frame, and the files of a message.

The frame has no script, form, plugin or frame of its own, and nothing from other places until the
reader asks for it (`remote=1`). The sandbox and the policy of the response ensure that; elements
that no policy covers (a connection in advance, a jump by `<meta>`) become unknown ones.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from fakesmtp.messages import ReceivedMessage
from fakesmtp.web.cids import replace_cids
from fakesmtp.web.inert import FRAMES, LINK, make_inert
from fakesmtp.web.pages.errors import PageError
from fakesmtp.web.pages.files import PICTURES, dispose, name_of, safe_name
from fakesmtp.web.serving import Here, Serving

router = APIRouter()

_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
_NOTHING = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
#: A jump, and another address for all links.
_NEVER = ("meta", "base", *FRAMES)
_PICTURE = re.compile(r"image/[\w.+-]+", re.ASCII)
#: Bytes of pictures in one document: a link to a picture may occur very often.
_MOST_INLINE = 32 * 1024 * 1024
#: A link to a place in the document itself, which scrolls to it.
_INSIDE = re.compile(r"(?<=<a)(?=\s[^<>]{0,1000}?\bhref\s*=\s*[\"']?#)", re.IGNORECASE)
#: A document of its own type, in which links open a new tab.
_HEAD = '<!doctype html><meta charset="utf-8"><base target="_blank">'


@router.get("/page/messages/{message_id}/body")
def show_body(here: Here, message_id: str, *, remote: bool = False) -> Response:
    """Return the HTML of a message, for a frame."""
    message = find(here, message_id)
    html = make_inert(message.html or "", *_NEVER, *(() if remote else (LINK,)))
    html = replace_cids(html, _Pictures(message).inline)
    html = _INSIDE.sub(' target="_self"', html)
    body = f"{_HEAD}{html}".encode("utf-8", "replace")
    return Response(body, media_type="text/html", headers=_headers(remote=remote))


@router.get("/view/{message_id}/files/{number}")
def show_file(here: Here, message_id: str, number: int, *, download: bool = False) -> Response:
    """Return a file of a message. Only pictures keep their type; all others are downloads."""
    files = find(here, message_id).contents.files
    if not 0 < number <= len(files):
        raise PageError(404, "this message does not have so many files")
    file = files[number - 1]
    is_picture = file.content_type in PICTURES and not download
    headers = {
        "Content-Security-Policy": f"{_NOTHING}; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline" if is_picture else dispose(name_of(file, number)),
    }
    kind = file.content_type if is_picture else "application/octet-stream"
    return Response(file.content, media_type=kind, headers=headers)


@router.get("/view/{message_id}/message.eml")
def download_message(here: Here, message_id: str) -> Response:
    """Return the message as it was sent, as a file."""
    message = find(here, message_id)
    name = safe_name(message.subject) or "message"
    headers = {
        "Content-Security-Policy": f"{_NOTHING}; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": dispose(f"{name}.eml"),
    }
    return Response(message.raw, media_type="message/rfc822", headers=headers)


def find(here: Serving, message_id: str) -> ReceivedMessage:
    """Return a message; raises `PageError` if it is not here."""
    message = here.archive.mailbox.get(message_id)
    if message is None:
        raise PageError(404, "this message is no longer here")
    return message


def _headers(*, remote: bool) -> Mapping[str, str]:
    outside = " http: https:" if remote else ""
    policy = (
        f"{_NOTHING}; {_SANDBOX}; img-src data:{outside}; style-src 'unsafe-inline'{outside}; "
        f"font-src data:{outside}; media-src data:{outside}"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-DNS-Prefetch-Control": "off",
        "Cache-Control": "no-store",
    }


class _Pictures:
    """The pictures of a message, in place of the links to them (RFC 2392).

    They are part of the document, because requests of a sandboxed frame have no origin.
    """

    def __init__(self, message: ReceivedMessage) -> None:
        self._left = _MOST_INLINE
        self._files = {
            file.content_id: file
            for file in message.contents.files
            if _PICTURE.fullmatch(file.content_type)
        }

    def inline(self, content_id: str) -> str | None:
        """Return the picture as a `data:` URL, None where there is none."""
        file = self._files.get(content_id)
        if file is None or len(file.content) > self._left:
            return None
        self._left -= len(file.content)
        return f"data:{file.content_type};base64,{b64encode(file.content).decode()}"
