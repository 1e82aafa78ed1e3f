"""Bodies of messages as pages: HTML in a sandbox, and text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from fakesmtp.web.cids import replace_cids
from fakesmtp.web.inert import FRAMES, LINK, make_inert
from fakesmtp.web.lookup import LATEST, Wanted, find_message, find_row, mark_shown
from fakesmtp.web.mailpit.details import shown_text
from fakesmtp.web.paths import MAILPIT
from fakesmtp.web.serving import Here

if TYPE_CHECKING:
    from fakesmtp.messages import ReceivedMessage

router = APIRouter(tags=["mailpit"], include_in_schema=False)

_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)
_NEW_WINDOW = '<base target="_blank">'
#: A message is untrusted: no script, no form, no frame, nothing from other servers.
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; font-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/view/{message_id}.html")
def show_html(here: Here, message_id: str, wanted: Wanted, embed: str = "") -> Response:
    """Return the HTML of a message; pictures inside the message are shown."""
    message = find_message(here, message_id, wanted)
    if not message.html:
        raise HTTPException(
            404, f"message {message.id} has no HTML: its text is at /view/{message.id}.txt"
        )
    mark_shown(here, message.id)
    html = make_inert(_link_parts(message, message.html), LINK, *FRAMES)
    content = _open_links_outside(html) if embed == "1" else html
    return Response(
        content.encode("utf-8", "replace"), media_type="text/html; charset=utf-8", headers=_HEADERS
    )


@router.get("/view/{message_id}.txt")
def show_text(here: Here, message_id: str, wanted: Wanted) -> Response:
    """Return the text of a message, which may be empty."""
    message = find_message(here, message_id, wanted)
    mark_shown(here, message.id)
    text = shown_text(message).encode("utf-8", "replace")
    return PlainTextResponse(text, headers={"X-Content-Type-Options": "nosniff"})


@router.get("/view/latest")
def show_latest(here: Here, wanted: Wanted, tab: str = "") -> Response:
    """Redirect to the newest message, or the newest that matches `query`; keep the page's tab."""
    path = f"/view/{quote(find_row(here, LATEST, wanted).record.id)}"
    return RedirectResponse(f"{path}?tab={quote(tab)}" if tab else path, 302)


@router.api_route("//{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
def clean_path(path: str, request: Request) -> Response:
    """Redirect to the path with one slash: cypress-mailpit asks for `//view/…`."""
    query = f"?{request.url.query}" if request.url.query else ""
    # 307 keeps the method and the body (RFC 9110 §15.4.8).
    return RedirectResponse(f"/{quote(path.lstrip('/'))}{query}", 307)


def _link_parts(message: ReceivedMessage, html: str) -> str:
    """Return HTML whose links to parts of the message lead to the API."""
    numbers = {each.content_id: each.number for each in message.attachments if each.content_id}

    def find(content_id: str) -> str | None:
        number = numbers.get(content_id)
        return f"{MAILPIT}/message/{quote(message.id)}/part/{number}" if number else None

    return replace_cids(html, find)


def _open_links_outside(html: str) -> str:
    """Return HTML whose links open a new window."""
    if head := _HEAD.search(html):
        return f"{html[: head.end()]}{_NEW_WINDOW}{html[head.end() :]}"
    return f"{_NEW_WINDOW}{html}"
