"""The application: routes, errors, and what stands before them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from fakesmtp import __version__
from fakesmtp.storage.memory import MemoryStore
from fakesmtp.web import health, mailpit, own
from fakesmtp.web.answers import handle_errors
from fakesmtp.web.courtesy import be_courteous
from fakesmtp.web.methods import HeadAsGet
from fakesmtp.web.own.parameters import check_zone
from fakesmtp.web.own.reference import serve_files
from fakesmtp.web.own.unknown import refuse_unknown
from fakesmtp.web.pages import add_pages
from fakesmtp.web.paths import OWN
from fakesmtp.web.security.bodies import BodyLimit
from fakesmtp.web.security.hosts import HostGuard
from fakesmtp.web.security.passwords import PasswordGuard
from fakesmtp.web.serving import keep_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fakesmtp.web.security.access import Access
    from fakesmtp.web.serving import Serving

_DESCRIPTION = (
    "Messages and SMTP sessions that fakesmtp received, planned faults, and accounts for tests."
)


class _App(FastAPI):
    """An application whose document is valid OpenAPI 3.1, as generators of clients read it."""

    def openapi(self) -> dict[str, Any]:
        """Return the document. FastAPI describes streams with `itemSchema`, of OpenAPI 3.2."""
        document = super().openapi()
        stream = document["paths"][f"{OWN}/events"]["get"]["responses"]["200"]
        stream["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
        return document


def make_app(serving: Serving, access: Access) -> FastAPI:
    """Create the application for an SMTP server; `access` says who may use it."""
    app = _App(
        title="fakesmtp",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=f"{OWN}/openapi.json",
        # FastAPI's own pages load scripts from another site.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_name_operation,
        redirect_slashes=False,
        lifespan=_watch,
        dependencies=[Depends(keep_account)],
        middleware=_guards(access),
    )
    app.state.serving = serving
    handle_errors(app)
    for router in own.ROUTERS:
        app.include_router(router, dependencies=[Depends(refuse_unknown), Depends(check_zone)])
    for router in (health.router, *mailpit.ROUTERS):
        app.include_router(router)
    add_pages(app)
    serve_files(app)
    return app


def _name_operation(route: APIRoute) -> str:
    """Return the name that generated clients give to a route."""
    return "_".join([*map(str, route.tags[:1]), route.name])


@asynccontextmanager
async def _watch(app: FastAPI) -> AsyncIterator[None]:
    app.state.serving.watch()
    archive, pauses = app.state.serving.archive, app.state.serving.pauses
    if isinstance(archive.store, MemoryStore):
        archive.store.rest = pauses.wait
    courtesy = asyncio.create_task(be_courteous(archive.counts, pauses))
    yield
    courtesy.cancel()
    app.state.serving.close()


def _guards(access: Access) -> list[Middleware]:
    """Return the checks of a request, the first one first."""
    guards = [Middleware(HostGuard, access)]
    if access.origins:
        # Before the passwords: a browser asks for permission (OPTIONS) without one.
        guards.append(
            Middleware(
                CORSMiddleware,
                allow_origins=access.origins,
                allow_methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
                allow_headers=["*"],
            )
        )
    if access.passwords is not None:
        guards.append(Middleware(PasswordGuard, access.passwords))
    return [*guards, Middleware(BodyLimit), Middleware(HeadAsGet)]
