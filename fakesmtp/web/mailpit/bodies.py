"""Bodies of requests: JSON whose keys are read in any case, or a form."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request

from fakesmtp.tables import TableError, parse_json
from fakesmtp.web.mailpit.shapes import Shape
from fakesmtp.web.objects import require_object

_ShapeT = TypeVar("_ShapeT", bound=Shape)
_FORM = "application/x-www-form-urlencoded"
#: Fields of a form that may be there several times.
_LISTS = frozenset({"ids", "tags"})
_TRUE_OR_FALSE = frozenset({"read"})
_TRUTHS = {"true": True, "false": False}


class Body:
    """The body of a request, not yet read as anything."""

    def __init__(self, content: bytes, content_type: str) -> None:
        self._content = content
        self._is_form = content_type.lower().startswith(_FORM)

    def __bool__(self) -> bool:
        return bool(self._content.strip())

    def read(self, shape: type[_ShapeT]) -> _ShapeT:
        """Read the body. Raises `HTTPException` and `RequestValidationError`, both 400.

        JSON is read whatever type the client gives: curl calls every body a form.
        """
        try:
            return shape.model_validate(self._parse())
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from None

    def _parse(self) -> dict[str, Any]:
        try:
            value = parse_json(self._content)
        except TableError as error:
            if self._is_form and self:
                return _read_form(self._content)
            what = f"not valid JSON: {error}" if self else "empty: it must be a JSON object"
            raise HTTPException(400, f"the body is {what}") from None
        return require_object(value, 400)


def _read_form(content: bytes) -> dict[str, object]:
    try:
        fields = parse_qs(content.decode("ascii"), strict_parsing=True)
    except ValueError:
        raise HTTPException(400, "the body is neither JSON nor a form") from None
    return {name: _read_values(name.lower(), values) for name, values in fields.items()}


def _read_values(name: str, values: list[str]) -> object:
    """Return the value of a field; a form has texts only."""
    if name in _LISTS:
        return values
    text = values[-1]
    return _TRUTHS.get(text.lower(), text) if name in _TRUE_OR_FALSE else text


async def _read(request: Request) -> Body:
    return Body(await request.body(), request.headers.get("content-type", ""))


#: A parameter of a route. A route that takes it may be a plain function, and read the store.
AnyBody = Annotated[Body, Depends(_read)]
