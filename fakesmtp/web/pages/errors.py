"""Errors of the page: a page for the address bar, a sentence for htmx."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fakesmtp.web.pages.reader import read_reader
from fakesmtp.web.pages.rendering import view_of


class PageError(HTTPException):
    """An error that the page shows: an HTTP status, and a text of the catalogue or a problem."""


def handle_page_errors(app: FastAPI) -> None:
    """Show every `PageError` to the reader."""
    app.add_exception_handler(PageError, _show_error)


def _show_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PageError)  # noqa: S101 - for the type checker
    view = view_of(request, read_reader(request))
    sentence = view.explain(error.detail)
    if "hx-request" in request.headers:
        return PlainTextResponse(sentence, error.status_code)
    return view.show(
        "error.html",
        status=error.status_code,
        sentence=sentence[:1].upper() + sentence[1:],
        section="",
        number=error.status_code,
    )
