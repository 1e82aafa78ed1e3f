"""Sessions: the list, one session as a conversation, two sessions side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi import Query as Parameter
from starlette.responses import Response

from fakesmtp.errors import ConfigurationError
from fakesmtp.sessions import Session
from fakesmtp.sessions.html import render_html
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.storage.session_search import parse_session_query
from fakesmtp.storage.words import QueryError
from fakesmtp.web.pages.comparison import compare_sessions
from fakesmtp.web.pages.dialogue import Dialogue
from fakesmtp.web.pages.errors import PageError
from fakesmtp.web.pages.files import dispose
from fakesmtp.web.pages.listing import ROWS, AnySessionFilter, SessionFilter, SessionListing
from fakesmtp.web.pages.rendering import AnyView, View
from fakesmtp.web.serving import Here, Serving

router = APIRouter()
PARTS = "/page/sessions"
_Other = Annotated[str, Parameter(alias="with")]
#: The form of a session that another program reads: its media type and its bytes.
_EXPORTS: Mapping[str, tuple[str, Callable[[Session], bytes]]] = {
    "html": ("text/html", lambda session: render_html(session).encode("utf-8", "replace")),
    "jsonl": ("application/x-ndjson", dump_bytes),
    "txt": (
        "text/plain",
        lambda session: session.transcript(times=True).encode("utf-8", "replace"),
    ),
}


@router.get("/sessions")
def show_sessions(here: Here, view: AnyView, chosen: AnySessionFilter) -> Response:
    """Show the list, and no session yet."""
    listing = _list(here, view, chosen)
    return view.show("sessions/page.html", section="sessions", listing=listing, dialogue=None)


@router.get("/sessions/{session_id}")
def show_session(
    here: Here,
    view: AnyView,
    chosen: AnySessionFilter,
    session_id: str,
    other: _Other = "",
) -> Response:
    """Show the list and one session, beside another one if there is one to compare with."""
    return view.show(
        "sessions/page.html",
        section="sessions",
        listing=_list(here, view, chosen),
        **_reading(here, session_id, other),
    )


@router.get("/sessions/{session_id}/session.{form}")
def export_session(here: Here, session_id: str, form: str) -> Response:
    """Return one session as a file: `html`, `txt` or `jsonl`."""
    if form not in _EXPORTS:
        raise PageError(404, "a session can be saved as html, txt or jsonl")
    kind, write = _EXPORTS[form]
    headers = {
        "Content-Disposition": dispose(f"session-{session_id}.{form}"),
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(write(_find(here, session_id)), media_type=kind, headers=headers)


@router.get(PARTS)
def show_rows(
    here: Here, view: AnyView, chosen: AnySessionFilter, cursor: str | None = None
) -> Response:
    """Show rows of the list from a cursor on."""
    return view.show("sessions/rows.html", listing=_list(here, view, chosen, cursor))


@router.get(f"{PARTS}/{{session_id}}")
def show_reading(here: Here, view: AnyView, session_id: str, other: _Other = "") -> Response:
    """Show one session without the list; the page has its address then."""
    query = f"?{urlencode({'with': other})}" if other else ""
    headers = {"HX-Push-Url": f"/sessions/{session_id}{query}"}
    return view.show("sessions/reading.html", headers=headers, **_reading(here, session_id, other))


def _list(
    here: Serving, view: View, chosen: SessionFilter, cursor: str | None = None
) -> SessionListing:
    try:
        test = parse_session_query(chosen.text, view.reader.zone)
        page = here.sessions.page(test, cursor=cursor, limit=ROWS)
    except (QueryError, ConfigurationError) as error:
        return SessionListing(chosen, problem=str(error))
    return SessionListing(chosen, page.sessions, page.cursor, is_first=cursor is None)


def _reading(here: Serving, session_id: str, other: str) -> dict[str, Any]:
    session = _find(here, session_id)
    comparison = compare_sessions(session, _find(here, other)) if other else None
    candidates = here.sessions.page(lambda each: each.header.id != session.id).sessions
    return {
        "dialogue": Dialogue(session),
        "comparison": comparison,
        "candidates": candidates,
        "stored": {each for each in _messages_of(session) if here.archive.store.rows([each])},
    }


def _messages_of(session: Session) -> list[str]:
    return [each.message.message_id for each in session.transactions if each.message]


def _find(here: Serving, session_id: str) -> Session:
    session = here.archive.find_session(session_id)
    if session is None:
        raise PageError(404, "this session is no longer here")
    return session
