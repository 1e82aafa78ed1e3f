"""Bodies of requests: JSON, whatever content type a client names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from fakesmtp.tables import TableError, parse_json
from fakesmtp.web.objects import require_object

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    _Read = Callable[[Request], Coroutine[Any, Any, "_Model"]]

_Model = TypeVar("_Model", bound=BaseModel)


async def _read_json(request: Request) -> object:
    return _parse(await request.body())


def _parse(body: bytes) -> object:
    try:
        return parse_json(body)
    except TableError as error:
        raise HTTPException(400, f"the body is not valid JSON: {error}") from None


#: A parameter of a route: the parsed body, which another part of fakesmtp checks.
JsonBody = Annotated[object, Depends(_read_json)]


def read_as(model: type[_Model]) -> _Read[_Model]:
    """Return a dependency that reads the body as a model; an empty body is `{}`."""

    async def read(request: Request) -> _Model:
        body = await request.body()
        try:
            return model.model_validate(require_object(_parse(body), 422) if body else {})
        except ValidationError as error:
            wrong = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
            raise RequestValidationError(wrong) from None

    return read


def describe_body(
    schema: dict[str, Any], example: object, *, required: bool = True
) -> dict[str, Any]:
    """Return what the OpenAPI document has of a body."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": required, "content": content}}
