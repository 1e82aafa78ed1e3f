"""Responses of the API: JSON in ASCII, errors as `{"detail": sentence}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from fakesmtp.errors import ConfigurationError, FakeSMTPError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

#: Sentences for Starlette's own errors, which have none.
_SENTENCES = {
    404: "there is nothing at {path}",
    405: "{method} is not allowed at {path}",
}


class Json(JSONResponse):
    """A JSON response in ASCII: bytes of clients may not be valid UTF-8."""

    def render(self, content: object) -> bytes:
        """Return the content as JSON."""
        return json.dumps(content).encode("ascii")


def refuse(status: int, sentence: str) -> Json:
    """Return an error response."""
    return Json({"detail": sentence}, status_code=status)


def handle_errors(app: FastAPI) -> None:
    """Answer every error with a sentence, and never with a traceback."""
    app.add_exception_handler(HTTPException, _tell_http_error)
    app.add_exception_handler(RequestValidationError, _tell_wrong_parameter)
    app.add_exception_handler(FakeSMTPError, _tell_own_error)
    app.add_exception_handler(Exception, _tell_bug)


def _tell_http_error(request: Request, error: Exception) -> Json:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    sentence = _SENTENCES.get(status, "") if detail in {"Not Found", "Method Not Allowed"} else ""
    return refuse(status, sentence.format(path=request.url.path, method=request.method) or detail)


def _tell_wrong_parameter(_: Request, error: Exception) -> Json:
    wrong = error.errors() if isinstance(error, RequestValidationError) else ()
    return refuse(422, "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in wrong))


def _tell_own_error(_: Request, error: Exception) -> Json:
    return refuse(422 if isinstance(error, ConfigurationError) else 503, str(error))


def _tell_bug(_: Request, error: Exception) -> Json:
    # uvicorn logs the traceback at the server.
    return refuse(500, f"this is a bug of fakesmtp ({type(error).__name__}); its log has more")
