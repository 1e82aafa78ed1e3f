"""Errors of our API in the OpenAPI document: all are `{"detail": sentence}`."""

from __future__ import annotations

from typing import Any

from fakesmtp.web.own.schemas import Problem

_MEANINGS = {
    400: "The body is not valid JSON.",
    401: "The server has passwords, and the name or the password is missing or wrong.",
    403: "The Host or the Origin of the request is not allowed.",
    404: "There is no such thing, or no longer.",
    409: "It would delete messages of tests that are running.",
    413: "The body is too large.",
    422: "A parameter or a field has a wrong value.",
    503: "The store cannot be read or written.",
}
_NAME = Problem.__name__
#: A route with these puts the model into the document.
WITH_MODEL: dict[int | str, dict[str, Any]] = {
    503: {"model": Problem, "description": _MEANINGS[503]}
}
#: Every route can give these.
_ALWAYS = (401, 403, 422, 503)


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a router or a route: those of every route, and these."""
    return {code: _describe(code) for code in sorted({*_ALWAYS, *codes})}


def _describe(code: int) -> dict[str, Any]:
    # By its name: with the model, FastAPI would give it the content type of the route.
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{_NAME}"}}}
    return {"description": _MEANINGS[code], "content": content}


NOT_FOUND: dict[int | str, dict[str, Any]] = {404: _describe(404)}
CONFLICT: dict[int | str, dict[str, Any]] = {409: _describe(409)}
