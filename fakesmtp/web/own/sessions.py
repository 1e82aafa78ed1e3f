"""Recorded sessions: the same as in the file of a recording, masked before they were kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from fakesmtp import Session
from fakesmtp.sessions.folder import entry_of
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.web.answers import Json
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here

router = APIRouter(prefix=f"{OWN}/sessions", tags=["sessions"])


@router.get("")
def list_sessions(here: Here, limit: Annotated[int | None, Query(ge=1)] = None) -> Json:
    """Return all sessions, newest last; only the newest `limit` if it is given."""
    sessions = here.smtp.sessions
    newest = sessions if limit is None else sessions[-limit:]
    return Json({"sessions": [_describe_session(each) for each in newest]})


@router.get("/{session_id}")
def show_session(here: Here, session_id: str) -> Response:
    """Return one session as JSON Lines, as in its file."""
    found = next((each for each in here.smtp.sessions if each.id == session_id), None)
    if found is None:
        raise HTTPException(404, f"session {session_id!r} is not kept by this server")
    return Response(dump_bytes(found), media_type="application/x-ndjson")


def _describe_session(session: Session) -> dict[str, object]:
    entry = entry_of(session)
    return {
        "id": session.id,
        "started": session.started_at.isoformat(),
        "peer": session.peer,
        "port": session.port,
        "local_port": session.local_port,
        "tls": session.tls.version if session.tls else None,
        "account": session.app_key,
        "mail_type": session.mail_type,
        "message_count": session.message_count,
        "duration": session.duration,
        "cut": session.cut,
        "refused": session.refused,
        "refusals": [str(refusal) for refusal in session.first_refusals],
        "ending": entry.end._asdict() if entry.end else None,
        "diagnosis": session.diagnosis,
        "outcome": entry.outcome if entry.end else "open",
    }
