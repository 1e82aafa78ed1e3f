"""Probes: is the server alive, does it take clients and show messages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import PlainTextResponse
from starlette.types import Scope

from fakesmtp.server import engine_of
from fakesmtp.web.serving import Here

#: Paths as they are sent: `/livez%2f…` is not one of them.
_PROBES = frozenset({b"/livez", b"/readyz"})

router = APIRouter(include_in_schema=False)


# Not in threads: requests that wait for a database may have all of them.
@router.get("/livez")
async def live() -> PlainTextResponse:
    """Show that the server is alive."""
    return PlainTextResponse("ok")


@router.get("/readyz")
async def ready(here: Here) -> PlainTextResponse:
    """Show that the store can be read; 503 if it cannot, or if the server takes no new clients."""
    if engine_of(here.smtp).is_draining:
        return PlainTextResponse("draining", status_code=503)
    await here.readiness.check()
    return PlainTextResponse("ok")


def is_probe(scope: Scope) -> bool:
    """Return whether a request is a probe, which needs neither a known Host nor a password."""
    return scope.get("raw_path") in _PROBES
