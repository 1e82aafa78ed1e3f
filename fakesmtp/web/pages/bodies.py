"""The HTML of a message, for a sandboxed frame, and the files of a message.

The frame has no script, form, plugin or frame of its own, and nothing from other places until the
reader asks for it (`remote=1`). The sandbox and the policy of the response ensure that; elements
that no policy covers (a connection in advance by `<link>`, a jump by `<meta>`) become unknown ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import quote, unquote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fakesmtp.messages import ReceivedMessage
from fakesmtp.web.pages.errors import PageError
from fakesmtp.web.pages.files import PICTURES, dispose, name_of, safe_name
from fakesmtp.web.serving import Here, Serving

router = APIRouter()

_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
_NOTHING = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
#: Elements that no policy covers.
_INERT = re.compile(r"<(?=(?:link|meta|base)[\s/>])", re.IGNORECASE)
_INERT_BUT_STYLES = re.compile(r"<(?=(?:meta|base)[\s/>])", re.IGNORECASE)
_CID = re.compile(r"(?<=[\"'=(\s])cid:([^\"'<>()\s]+)", re.IGNORECASE)
#: A document of its own type, in which links open a new tab.
_HEAD = '<!doctype html><meta charset="utf-8"><base target="_blank">'


@router.get("/page/messages/{message_id}/body")
def show_body(here: Here, request: Request, message_id: str, *, remote: bool = False) -> Response:
    """Return the HTML of a message, for a frame."""
    message = find(here, message_id)
    files = f"{request.url.scheme}://{request.url.netloc}/view/{quote(message.id)}/files/"
    inert = _INERT_BUT_STYLES if remote else _INERT
    html = inert.sub("<x-", message.html or "")
    html = _CID.sub(lambda found: _name_file(message, found[0], found[1]), html)
    body = f"{_HEAD}{html}".encode("utf-8", "replace")
    return Response(body, media_type="text/html", headers=_headers(files, remote=remote))


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


def _headers(files: str, *, remote: bool) -> Mapping[str, str]:
    outside = " http: https:" if remote else ""
    policy = "; ".join(
        (
            _NOTHING,
            _SANDBOX,
            f"img-src data: {files}{outside}",
            f"style-src 'unsafe-inline'{outside}",
            f"font-src data:{outside}",
            f"media-src data:{outside}",
        )
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-DNS-Prefetch-Control": "off",
        "Cache-Control": "no-store",
    }


def _name_file(message: ReceivedMessage, link: str, content_id: str) -> str:
    """Return the address of the part with a Content-ID (RFC 2392), or the link as it was."""
    wanted = unquote(unescape(content_id))
    for number, file in enumerate(message.contents.files, 1):
        if file.content_id == wanted:
            return f"/view/{quote(message.id)}/files/{number}"
    return link
