"""The page: an inbox in the browser. Server-rendered, with htmx and little script of its own."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from fakesmtp.web.pages import bodies, connect, faults, messages, sessions
from fakesmtp.web.pages.errors import handle_page_errors
from fakesmtp.web.pages.rendering import Renderer

ROUTERS = (bodies.router, messages.router, sessions.router, faults.router, connect.router)
_STATIC = Path(__file__).parents[1] / "static"


def add_pages(app: FastAPI) -> None:
    """Add the routes of the page to the application."""
    app.state.renderer = Renderer(app.state.serving.page_token)
    handle_page_errors(app)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
