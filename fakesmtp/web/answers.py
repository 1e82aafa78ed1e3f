"""Responses: JSON in ASCII; errors of our own API as `{"detail": sentence}`, of others as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match

from fakesmtp.errors import ConfigurationError, FakeSMTPError
from fakesmtp.storage.words import QueryError
from fakesmtp.web.paths import OWN, SEND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

#: Sentences for Starlette's own errors, which have none.
_SENTENCES = {
    404: "there is nothing at {path}",
    405: "{method} is not allowed at {path}",
}
#: The methods of all routes, in the order of `Allow`.
_METHODS = ("GET", "POST", "PUT", "DELETE")


class Json(JSONResponse):
    """A JSON response in ASCII: bytes of clients may not be valid UTF-8."""

    def render(self, content: object) -> bytes:
        """Return the content as JSON."""
        return json.dumps(content).encode("ascii")


def refuse(
    status: int, sentence: str, path: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error response for a request of `path`."""
    if _is_own(path):
        return Json({"detail": sentence}, status_code=status, headers=headers)
    if path == SEND:
        return Json({"Error": sentence}, status_code=status, headers=headers)
    return PlainTextResponse(sentence, status_code=status, headers=headers)


def _is_own(path: str) -> bool:
    return path.startswith(f"{OWN}/")


def handle_errors(app: FastAPI) -> None:
    """Answer every error with a sentence, and never with a traceback."""
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_wrong_parameter)
    app.add_exception_handler(FakeSMTPError, _answer_own_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_bug)


def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    path = request.url.path
    has_none = error.detail in {"Not Found", "Method Not Allowed"}
    sentence = _SENTENCES.get(error.status_code, "") if has_none else ""
    detail = sentence.format(path=path, method=request.method) or error.detail
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers  # noqa: PLR2004 - Method Not Allowed
    return refuse(error.status_code, detail, path, headers)


def _allowed(request: Request) -> str:
    """Return the methods of a path (RFC 9110 §10.2.1): a route alone knows only its own."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    routes = request.app.routes
    found = [
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    ] or ["GET"]  # a file of a folder
    return ", ".join(["GET", "HEAD", *found[1:]] if "GET" in found else found)


def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """End a request whose client left before its body was complete, which is not a bug."""
    return Response(status_code=400)


def _answer_wrong_parameter(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else ()
    sentence = "; ".join(f"{_name_field(each['loc'])}: {each['msg']}" for each in wrong)
    return refuse(_status_of_wrong(request), sentence, request.url.path)


def _name_field(location: Iterable[str | int]) -> str:
    """Return the last name of a location, with the positions after it: `tags[0]`."""
    name = ""
    for part in location:
        name = f"{name}[{part}]" if isinstance(part, int) else part
    return name


def _answer_own_error(request: Request, error: Exception) -> Response:
    is_wrong = isinstance(error, ConfigurationError | QueryError)
    return refuse(_status_of_wrong(request) if is_wrong else 503, str(error), request.url.path)


def _status_of_wrong(request: Request) -> int:
    # Mailpit answers 400 to everything that is wrong.
    return 422 if _is_own(request.url.path) else 400


def _answer_bug(request: Request, error: Exception) -> Response:
    # uvicorn logs the traceback at the server.
    sentence = f"this is a bug of fakesmtp ({type(error).__name__}); its log has more"
    return refuse(500, sentence, request.url.path)
