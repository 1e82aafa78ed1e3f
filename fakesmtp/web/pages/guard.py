"""Changes need the token of the page, which pages of other origins cannot read (CSRF)."""

from __future__ import annotations

import hmac

from fastapi import Depends
from starlette.requests import Request

from fakesmtp.web.pages.errors import PageError
from fakesmtp.web.pages.rendering import Renderer

HEADER = "X-Page-Token"


def _check_token(request: Request) -> None:
    renderer: Renderer = request.app.state.renderer
    given = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given.encode(), renderer.token.encode()):
        raise PageError(403, "this page is from an earlier run of the server: reload it")


#: A dependency of routes that change something.
NeedsToken = Depends(_check_token)
