"""Messages: lists, one message with everything known about it, and what tests look for in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from starlette.responses import Response

from fakesmtp.errors import FakeSMTPError
from fakesmtp.messages import ReceivedMessage
from fakesmtp.messages.listing import content_as_json
from fakesmtp.messages.transfer import record_as_json
from fakesmtp.sessions.details import session_as_json
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.storage.base import PAGE
from fakesmtp.storage.query import EVERYTHING
from fakesmtp.storage.records import MessageRow
from fakesmtp.web.answers import Json
from fakesmtp.web.lookup import Wanted, check_delete_all, find_ids, find_message, find_row
from fakesmtp.web.own.bodies import describe_body, read_as
from fakesmtp.web.own.extraction import LONGEST, find_codes
from fakesmtp.web.own.parameters import Cursor, Limit
from fakesmtp.web.own.problems import CONFLICT, NOT_FOUND, problems
from fakesmtp.web.own.schemas import (
    Changed,
    EnvelopeOut,
    Extracted,
    FindingsOut,
    ListedMessageOut,
    Marks,
    MessageOut,
    MessagePageOut,
    RecordOut,
    SessionOut,
)
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here, Serving

router = APIRouter(prefix=f"{OWN}/messages", tags=["messages"], responses=problems(400))

_Id = Annotated[
    str,
    Path(description="The id of a message; `latest` is the newest of `query` and `app_key`."),
]
_Marks = Annotated[Marks, Depends(read_as(Marks))]
_BODY = describe_body(Marks.model_json_schema(), {"read": True, "tags": ["welcome"]})
_RAW = {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}


# -- lists -----------------------------------------------------------------------------------------


@router.get("", response_model=MessagePageOut)
def list_messages(
    here: Here,
    query: Wanted,
    cursor: Cursor = None,
    limit: Limit = PAGE,
    oldest_first: Annotated[bool, Query(description="Instead of newest first.")] = False,  # noqa: FBT002 - a parameter of a request
) -> Json:
    """Return the messages that match a search, newest first."""
    store = here.archive.store
    newest = store.newest
    page = store.page(query, cursor=cursor, limit=limit, oldest_first=oldest_first)
    count = store.count(query)
    return Json(
        {
            "messages": [row.as_json() for row in page.rows],
            "cursor": page.cursor,
            "count": count.number,
            "count_is_exact": count.is_exact,
            "newest": newest,
        }
    )


@router.put("", response_model=Changed, openapi_extra=_BODY)
def mark_messages(here: Here, query: Wanted, marks: _Marks) -> Json:
    """Mark the messages that match a search as read or unread, or replace their tags."""
    ids = find_ids(here, query)
    _mark(here, ids, marks)
    return Json({"count": len(ids)})


@router.delete("", response_model=Changed, responses=CONFLICT)
def delete_messages(here: Here, query: Wanted) -> Json:
    """Delete the messages that match a search; all without one."""
    if query == EVERYTHING:
        check_delete_all(here)
    gone = here.archive.store.remove_matching(query).result()
    return Json({"count": len(gone)})


# -- one message -----------------------------------------------------------------------------------


@router.get("/{message_id}", response_model=MessageOut, responses=NOT_FOUND)
def show_message(here: Here, message_id: _Id, query: Wanted) -> Json:
    """Return everything that is known about a message. It is not marked as read."""
    return Json(describe_message(here, find_row(here, message_id, query)))


def describe_message(here: Serving, row: MessageRow) -> dict[str, object]:
    """Return everything that is known about a message, for JSON."""
    message = find_message(here, row.record.id)
    return {
        **row.as_json(),
        **content_as_json(message),
        "html_text": message.html_text,
        "links": message.links,
        "envelope": message.envelope._asdict(),
        "findings": _findings(message),
        "session": _session(message),
    }


@router.put(
    "/{message_id}",
    response_model=ListedMessageOut,
    responses=NOT_FOUND,
    openapi_extra=_BODY,
)
def mark_message(here: Here, message_id: _Id, query: Wanted, marks: _Marks) -> Json:
    """Mark a message as read or unread, or replace its tags."""
    row = find_row(here, message_id, query)
    _mark(here, [row.record.id], marks)
    return Json(find_row(here, row.record.id).as_json())


@router.delete("/{message_id}", status_code=204, responses=NOT_FOUND)
def delete_message(here: Here, message_id: _Id, query: Wanted) -> Response:
    """Delete a message."""
    found = find_row(here, message_id, query).record.id
    if not here.archive.store.remove([found]).result():
        raise HTTPException(404, f"message {found} was deleted by another request")
    return Response(status_code=204)


@router.get(
    "/{message_id}/raw",
    response_class=Response,
    responses={200: {"content": _RAW, "description": "The message."}, **NOT_FOUND},
)
def show_raw(here: Here, message_id: _Id, query: Wanted) -> Response:
    """Return the message, byte for byte as the client sent it."""
    return Response(find_message(here, message_id, query).raw, media_type="message/rfc822")


@router.get("/{message_id}/record", response_model=RecordOut, responses=NOT_FOUND)
def show_record(here: Here, message_id: _Id, query: Wanted) -> Json:
    """Return the message as it is stored, for clients that read its content themselves."""
    return Json(record_as_json(find_message(here, message_id, query).record))


@router.get("/{message_id}/extract", response_model=Extracted, responses=NOT_FOUND)
def extract(
    here: Here,
    message_id: _Id,
    query: Wanted,
    code: Annotated[
        str,
        Query(max_length=LONGEST, description="A regular expression.", examples=[r"\d{6}"]),
    ] = "",
) -> Json:
    """Return the codes that match a pattern, and all links."""
    message = find_message(here, message_id, query)
    codes = find_codes(message, code) if code else []
    return Json({"codes": codes, "links": message.links})


@router.get("/{message_id}/envelope", response_model=EnvelopeOut, responses=NOT_FOUND)
def show_envelope(here: Here, message_id: _Id, query: Wanted) -> Json:
    """Return sender and recipients as the client gave them in MAIL and RCPT."""
    return Json(find_message(here, message_id, query).envelope._asdict())


@router.get("/{message_id}/session", response_model=SessionOut, responses=NOT_FOUND)
def show_session(here: Here, message_id: _Id, query: Wanted) -> Json:
    """Return the session in which the message arrived."""
    message = find_message(here, message_id, query)
    try:
        session = message.session
    except FakeSMTPError as error:
        raise HTTPException(404, str(error)) from None
    return Json(session_as_json(session))


@router.get("/{message_id}/findings", response_model=FindingsOut, responses=NOT_FOUND)
def show_findings(here: Here, message_id: _Id, query: Wanted) -> Json:
    """Return the rules that the message breaks."""
    return Json({"findings": _findings(find_message(here, message_id, query))})


def _findings(message: ReceivedMessage) -> list[dict[str, object]]:
    return [each.as_json() for each in message.findings]


def _session(message: ReceivedMessage) -> dict[str, object] | None:
    try:
        return ListedSession.of(message.session).as_json()
    except FakeSMTPError:  # no longer stored
        return None


def _mark(here: Serving, ids: list[str], marks: Marks) -> None:
    store = here.archive.store
    if marks.read is not None:
        store.mark_read(ids, is_read=marks.read).result()
    if marks.tags is not None:
        store.tag(ids, marks.tags).result()
