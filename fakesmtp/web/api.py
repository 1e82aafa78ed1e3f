"""HTTP API: sessions of a running server, and its planned faults.

It returns the same as the file of a recording: lines that were masked before they were kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, HTTPException, Query, Request, Response

from fakesmtp import __version__
from fakesmtp.faults.explain import explain
from fakesmtp.faults.loading import read_table
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.tables import TableError, parse_json
from fakesmtp.web.answers import Json, handle_errors
from fakesmtp.web.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fakesmtp import FakeSMTP
    from fakesmtp.faults import Rule

#: Maximum size of a table of faults (bytes).
MAX_BODY = 1024 * 1024


def ignore_change(_rules: tuple[Rule, ...]) -> None:
    """Do nothing: the default for `planned`."""


def make_app(
    smtp: FakeSMTP,
    *,
    hosts: Iterable[str] = (),
    planned: Callable[[tuple[Rule, ...]], object] = ignore_change,
) -> FastAPI:
    """Create the API of a server; `hosts` are allowed names besides those of the loopback.

    `planned` is called with the rules after a request has changed the planned faults.
    """
    # No documentation pages: those of FastAPI load scripts from another site.
    app = FastAPI(title="fakesmtp", version=__version__, openapi_url=None, redirect_slashes=False)
    app.add_middleware(Guard, names=tuple(hosts))
    handle_errors(app)
    sessions, faults, server = _Sessions(smtp), _Faults(smtp, planned), _Server(smtp)
    app.get("/livez")(server.live)
    app.get("/api/v1/info")(server.info)
    app.get("/api/v1/sessions")(sessions.list)
    app.get("/api/v1/sessions/{session_id}")(sessions.get)
    app.get("/api/v1/faults")(faults.get)
    app.put("/api/v1/faults")(faults.put)
    app.delete("/api/v1/faults")(faults.delete)
    return app


class _Server:
    """Routes about the server."""

    def __init__(self, smtp: FakeSMTP) -> None:
        self._smtp = smtp

    def live(self) -> Json:
        """Show that the server is alive."""
        return Json({"status": "ok"})

    def info(self) -> Json:
        """Return the version and the listeners: the endpoint's port and the local port of each."""
        listeners = [
            {"port": each.port, "local_port": each.local_port, "tls": each.implicit_tls}
            for each in self._smtp.listeners
        ]
        return Json({"name": "fakesmtp", "version": __version__, "listeners": listeners})


class _Sessions:
    """Routes about recorded sessions."""

    def __init__(self, smtp: FakeSMTP) -> None:
        self._smtp = smtp

    def list(self, limit: Annotated[int | None, Query(ge=1)] = None) -> Json:
        """Return all sessions, newest last; only the newest `limit` if it is given."""
        sessions = self._smtp.sessions
        newest = sessions if limit is None else sessions[-limit:]
        return Json({"sessions": [ListedSession.of(each).as_json() for each in newest]})

    def get(self, session_id: str) -> Response:
        """Return one session as JSON Lines, as in its file."""
        found = next((each for each in self._smtp.sessions if each.id == session_id), None)
        if found is None:
            raise HTTPException(404, f"session {session_id!r} is not kept by this server")
        return Response(dump_bytes(found), media_type="application/x-ndjson")


class _Faults:
    """Routes about planned faults."""

    def __init__(self, smtp: FakeSMTP, planned: Callable[[tuple[Rule, ...]], object]) -> None:
        self._smtp = smtp
        self._planned = planned

    def get(self) -> Json:
        """Return the rules in order, in the form that PUT accepts, each with its strikes."""
        return Json({"faults": [self._describe(rule) for rule in self._smtp.faults.rules]})

    async def put(self, request: Request) -> Json:
        """Replace all rules by those of a table; invalid rules change nothing."""
        rules = read_table(_parse(await _read_body(request)))
        self._smtp.faults.replace(rules)
        self._planned(rules)
        return self.get()

    def delete(self) -> Response:
        """Remove all rules."""
        self._smtp.faults.clear()
        self._planned(())
        return Response(status_code=204)

    def _describe(self, rule: Rule) -> dict[str, object]:
        return {
            "fault": _options_of(rule),
            "means": explain(rule),
            "strikes": self._smtp.faults.strikes(rule),
        }


def _options_of(rule: Rule) -> dict[str, object]:
    options: dict[str, object] = {"name": rule.name, "where": rule.where, "what": rule.what}
    options.update(rule.options)
    if "headers" in rule.options:
        options["headers"] = dict(rule.options["headers"])
    return options


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"the table of faults is larger than {MAX_BODY} bytes")
    return bytes(body)


def _parse(body: bytes) -> object:
    try:
        return parse_json(body)
    except TableError as error:
        raise HTTPException(400, f"the body is not valid JSON: {error}") from None
