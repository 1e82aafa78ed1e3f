"""Recorded sessions: the same as in the file of a recording, masked before they were kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.web.answers import Json
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here

router = APIRouter(prefix=f"{OWN}/sessions", tags=["sessions"])


@router.get("")
def list_sessions(here: Here, limit: Annotated[int | None, Query(ge=1)] = None) -> Json:
    """Return all sessions, newest last; only the newest `limit` if it is given."""
    sessions = here.smtp.sessions
    newest = sessions if limit is None else sessions[-limit:]
    return Json({"sessions": [ListedSession.of(each).as_json() for each in newest]})


@router.get("/{session_id}")
def show_session(here: Here, session_id: str) -> Response:
    """Return one session as JSON Lines, as in its file."""
    found = next((each for each in here.smtp.sessions if each.id == session_id), None)
    if found is None:
        raise HTTPException(404, f"session {session_id!r} is not kept by this server")
    return Response(dump_bytes(found), media_type="application/x-ndjson")
