"""Bodies of requests that must be JSON objects."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException

#: The other values of JSON, by their Python types (RFC 8259 §3).
_KINDS = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}


def require_object(value: object, status: int) -> dict[str, Any]:
    """Return the value of a body, which must be an object; raises `HTTPException`."""
    if not isinstance(value, dict):
        raise HTTPException(status, f"the body must be a JSON object, not {_KINDS[type(value)]}")
    return value
