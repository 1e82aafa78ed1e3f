"""Recorded sessions: the same as in the file of a recording, masked before they were kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from fakesmtp.sessions import Session
from fakesmtp.sessions.compare import compare
from fakesmtp.sessions.details import session_as_json
from fakesmtp.sessions.html import render_html
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.storage.base import PAGE
from fakesmtp.text import quote
from fakesmtp.web.answers import Json
from fakesmtp.web.own.parameters import Limit, WantedSessions
from fakesmtp.web.own.problems import NOT_FOUND, problems
from fakesmtp.web.own.schemas import DifferenceOut, SessionOut, SessionPageOut
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here, Serving

router = APIRouter(prefix=f"{OWN}/sessions", tags=["sessions"], responses=problems())

_JSONL = "application/x-ndjson"


def _as_file(media_type: str) -> dict[int | str, dict[str, object]]:
    """Return the responses of a route that returns a file."""
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"content": content}, **NOT_FOUND}


@router.get("", response_model=SessionPageOut)
def list_sessions(
    here: Here,
    matches: WantedSessions,
    cursor: Annotated[str | None, Query(description="`cursor` of the page before.")] = None,
    limit: Limit = PAGE,
) -> Json:
    """Return sessions, newest first; open ones too."""
    page = here.sessions.page(matches, cursor=cursor, limit=limit)
    return Json({"sessions": [each.as_json() for each in page.sessions], "cursor": page.cursor})


@router.get("/{session_id}.jsonl", response_class=Response, responses=_as_file(_JSONL))
def export_session(here: Here, session_id: str) -> Response:
    """Return one session as JSON Lines, as in its file."""
    return Response(dump_bytes(find_session(here, session_id)), media_type=_JSONL)


@router.get("/{session_id}.html", response_class=HTMLResponse, responses=_as_file("text/html"))
def export_page(here: Here, session_id: str) -> HTMLResponse:
    """Return one session as a page of its own, to keep or to send."""
    return HTMLResponse(render_html(find_session(here, session_id)))


@router.get("/{session_id}", response_model=SessionOut, responses=NOT_FOUND)
def show_session(here: Here, session_id: str) -> Json:
    """Return what is known about one session."""
    return Json(session_as_json(find_session(here, session_id)))


@router.get(
    "/{session_id}/transcript",
    response_class=PlainTextResponse,
    responses=_as_file("text/plain"),
)
def show_transcript(
    here: Here,
    session_id: str,
    times: Annotated[bool, Query(description="Milliseconds since connect, and phases.")] = False,  # noqa: FBT002 - a parameter of a request
    notes: Annotated[bool, Query(description="Also what was not sent: TLS, notes, end.")] = True,  # noqa: FBT002 - as above
) -> PlainTextResponse:
    """Return one session as text: `C:` or `S:` before every line."""
    found = find_session(here, session_id)
    return PlainTextResponse(found.transcript(times=times, notes=notes) + "\n")


@router.get("/{first}/diff/{second}", response_model=DifferenceOut, responses=NOT_FOUND)
def compare_sessions(here: Here, first: str, second: str) -> Json:
    """Return the first difference between two sessions."""
    found = compare(find_session(here, first), find_session(here, second))
    if found is None:
        return Json({"equal": True, "line": None, "diff": []})
    return Json({"equal": False, "line": found.line, "diff": list(found.lines())})


def find_session(here: Serving, session_id: str) -> Session:
    """Return a session; raises 404."""
    found = here.archive.find_session(session_id)
    if found is None:
        raise HTTPException(404, f"session {quote(session_id)} is not kept by this server")
    return found
