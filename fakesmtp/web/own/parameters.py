"""Parameters that several routes have."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Query
from starlette.requests import Request

from fakesmtp.storage.session_search import SessionTest, parse_session_query, with_app_key
from fakesmtp.text import quote
from fakesmtp.web.lookup import read_zone

#: Rows of a page at most.
MOST_ROWS = 1_000
#: The largest number that JavaScript reads exactly.
MOST_NUMBER = 2**53

AppKey = Annotated[
    str | None, Query(description="Only what belongs to this AppKey.", examples=["0a1b2c3d4e5f"])
]
Cursor = Annotated[
    int | None, Query(ge=0, le=MOST_NUMBER, description="`cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Maximum number of rows.")]


async def check_zone(request: Request) -> None:
    """Raise `HTTPException` (422) for an unknown time zone, which Mailpit's API ignores."""
    name = request.query_params.get("tz", "")
    if name and read_zone(name) is None:
        raise HTTPException(
            422, f"tz must be an IANA time zone, not {quote(name)} (example: Asia/Seoul)"
        )


def _read_session_query(
    query: Annotated[
        str, Query(description="A search: `is:refused port:587`; empty for all sessions.")
    ] = "",
    app_key: AppKey = None,
    tz: Annotated[
        str, Query(description="IANA time zone of dates in the search: `Asia/Seoul`.")
    ] = "",
) -> SessionTest:
    matches, belongs = parse_session_query(query, read_zone(tz)), with_app_key(app_key)
    return lambda session: belongs(session) and matches(session)


#: A parameter of a route: the sessions that its request is about.
WantedSessions = Annotated[SessionTest, Depends(_read_session_query)]
