"""The reference of our API for people: Swagger UI, from files of this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

from fakesmtp.web.paths import OWN

if TYPE_CHECKING:
    from fastapi import FastAPI

router = APIRouter(prefix=OWN, include_in_schema=False)

_FILES = Path(__file__).parents[1] / "static" / "swagger"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>fakesmtp API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="swagger/swagger-ui.css">
<div id="swagger"></div>
<script src="swagger/swagger-ui-bundle.js"></script>
<script src="swagger/start.js"></script>
</html>
"""
#: Swagger UI sets styles of elements; it loads nothing from elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@router.get("/")
def show_reference() -> HTMLResponse:
    """Show the routes of our API, to read and to try."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("")
def redirect_to_reference() -> RedirectResponse:
    """Redirect to the address with a slash, which the page's links need."""
    return RedirectResponse(f"{OWN}/")


def serve_files(app: FastAPI) -> None:
    """Serve the files of Swagger UI."""
    app.mount(f"{OWN}/swagger", StaticFiles(directory=_FILES))
