"""The tools: each is a request to the HTTP API of a running server.

The docstrings are what an assistant reads about a tool.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from fakesmtp.errors import FakeSMTPError

if TYPE_CHECKING:
    from fakesmtp.client.requests import Requests

Json = dict[str, Any]
Tool = Callable[..., Json]
Query = Annotated[
    str,
    Field(
        description="Words that must all hold: from:, to:, subject:, body:, type:auth, is:unread, "
        "has:attachment, after:2026-11-27, finding:error, or free text. Empty for all."
    ),
]
SessionQuery = Annotated[
    str,
    Field(description="Words that must all hold: is:refused, is:open, has:message, port:587, …"),
]
AppKey = Annotated[str | None, Field(description="Only what belongs to this AppKey.")]
MessageId = Annotated[str, Field(description="The id of a message, or `latest`.")]
Limit = Annotated[int, Field(ge=1, le=200)]
Seconds = Annotated[float, Field(ge=0, le=300, description="How long to wait at most.")]


class Tools:
    """The tools for one running server."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        #: The ids of the fault rules that were added here.
        self._added: set[int] = set()
        self.reading: tuple[Tool, ...] = (
            self.list_messages,
            self.search_messages,
            self.read_message,
            self.extract_codes,
            self.wait_for_message,
            self.list_sessions,
            self.read_session,
            self.list_faults,
        )
        self.changing: tuple[Tool, ...] = (self.new_account, self.add_fault, self.remove_fault)
        self.deleting: tuple[Tool, ...] = (self.delete_messages,)

    # -- messages ----------------------------------------------------------------------------------

    def list_messages(
        self, app_key: AppKey = None, limit: Limit = 20, cursor: int | None = None
    ) -> Json:
        """List the newest messages that the fake mail server received; nothing was delivered."""
        return self._get("/messages", app_key=app_key, limit=limit, cursor=cursor)

    def search_messages(
        self, query: Query, app_key: AppKey = None, limit: Limit = 20, cursor: int | None = None
    ) -> Json:
        """Search the messages that the fake mail server received, newest first."""
        return self._get("/messages", query=query, app_key=app_key, limit=limit, cursor=cursor)

    def read_message(
        self, message_id: MessageId = "latest", *, app_key: AppKey = None, html: bool = False
    ) -> Json:
        """Read one message: headers, text, links, attachments, envelope, findings, session.

        Findings are rules of NHN Cloud, Korean law or mail standards that the message breaks.
        The source of the HTML is left out unless `html` is true.
        """
        found = self._get(f"/messages/{message_id}", app_key=app_key)
        return found if html else {**found, "html": None}

    def extract_codes(
        self, message_id: MessageId = "latest", pattern: str = r"\d{6}", app_key: AppKey = None
    ) -> Json:
        """Return the codes in a message that match a regular expression, and its links."""
        return self._get(f"/messages/{message_id}/extract", code=pattern, app_key=app_key)

    def wait_for_message(
        self,
        query: Query = "",
        app_key: AppKey = None,
        timeout: Seconds = 30.0,
        since: Annotated[
            int, Field(ge=0, description="Only messages with a higher number: `newest` of a list.")
        ] = 0,
    ) -> Json:
        """Wait for a message that matches; it may be there already.

        If none comes in time, the answer says what did arrive and which sessions were refused.
        """
        answer = self._requests.send(
            "GET",
            "/wait",
            parameters={"query": query, "app_key": app_key, "timeout": timeout, "since": since},
            patience=timeout,
        )
        found: Json = answer.json()
        return {**found, "html": None} if answer.is_success else found

    def delete_messages(self, query: Query, app_key: AppKey = None) -> Json:
        """Delete the messages that match; with an empty query all of the AppKey, or all."""
        gone: Json = self._requests.change("DELETE", "/messages", query=query, app_key=app_key)
        return gone

    # -- sessions ----------------------------------------------------------------------------------

    def list_sessions(
        self,
        query: SessionQuery = "",
        app_key: AppKey = None,
        limit: Limit = 20,
        cursor: str | None = None,
    ) -> Json:
        """List SMTP sessions, newest first; also those that were refused or sent no message."""
        return self._get("/sessions", query=query, app_key=app_key, limit=limit, cursor=cursor)

    def read_session(self, session_id: str) -> Json:
        """Read one SMTP session: why it failed, and every line; SecretKeys are masked."""
        found = self._get(f"/sessions/{session_id}")
        transcript = self._requests.send(
            "GET", f"/sessions/{session_id}/transcript", parameters={"times": True}
        )
        return {**found, "transcript": transcript.text}

    # -- accounts and faults -----------------------------------------------------------------------

    def new_account(self, ttl: Annotated[float, Field(gt=0, le=604_800)] = 3600.0) -> Json:
        """Issue an AppKey and SecretKey with an inbox of its own, which ends after `ttl` seconds.

        A program that logs in with it sends to this inbox; pass the AppKey to other tools.
        """
        issued: Json = self._requests.change("POST", "/accounts", {"ttl": ttl})
        return issued

    def list_faults(self, app_key: AppKey = None) -> Json:
        """List the fault rules: how the server misbehaves on purpose, and how often it did."""
        return self._get("/faults", app_key=app_key)

    def add_fault(
        self,
        fault: Annotated[
            Json,
            Field(
                description="A rule: where (greeting, ehlo, auth, mail, rcpt, data, end-of-data, "
                "quit, …), and reply (code, enhanced status and text) or what (drop, delay, …); "
                "optional to, sender, times, nth.",
                examples=[{"where": "rcpt", "what": "drop", "times": 1}],
            ),
        ],
        app_key: AppKey = None,
    ) -> Json:
        """Make the server misbehave: refuse, delay or drop at a stage of the SMTP dialogue."""
        added: Json = self._requests.change("POST", "/faults", fault, app_key=app_key)
        self._added.add(added["id"])
        return added

    def remove_fault(self, fault_id: int) -> Json:
        """Remove a fault rule that was added with `add_fault`."""
        if fault_id not in self._added:
            raise FakeSMTPError(
                f"fault {fault_id} was not added here: only rules of add_fault can be removed"
            )
        self._requests.change("DELETE", f"/faults/{fault_id}")
        self._added.discard(fault_id)
        return {"removed": fault_id}

    def _get(self, path: str, **parameters: str | float | None) -> Json:
        """Return the JSON of a path; raise `FakeSMTPError` with the server's sentence for a 404."""
        answer = self._requests.send("GET", path, parameters=parameters)
        found: Json = answer.json()
        if not answer.is_success:
            raise FakeSMTPError(str(found["detail"]))
        return found
