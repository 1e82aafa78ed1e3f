"""Parameters of the query string that a route does not have.

FastAPI ignores them: `DELETE /messages?appkey=…` would delete the messages of every account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import HTTPException, Request

from fakesmtp.text import quote, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.dependencies.models import Dependant


async def refuse_unknown(request: Request) -> None:
    """Raise `HTTPException` (422) for a parameter that the route of a request does not have."""
    known = dict.fromkeys(_names(request.scope["route"].dependant))
    for name in request.query_params:
        if name not in known:
            right = suggest(name, known) if known else "this path has none"
            raise HTTPException(422, f"there is no parameter {quote(name)}; {right}")


def _names(dependant: Dependant) -> Iterator[str]:
    """Yield the names of the parameters of a route, and of what it depends on."""
    yield from (each.alias for each in dependant.query_params)
    for each in dependant.dependencies:
        yield from _names(each)
