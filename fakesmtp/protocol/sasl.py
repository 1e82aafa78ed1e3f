"""The SASL payloads of AUTH PLAIN and AUTH LOGIN (RFC 4954, RFC 4616).

PLAIN is read as the software behind the endpoint reads it: the NUL-separated parts that are not
empty, so two parts are user name and password, and of three or more the first is ignored.
"""

from __future__ import annotations

import re
from binascii import a2b_base64

# Not compiled here: a server starts before the first AUTH, and `re` keeps what it compiled.
_BASE64 = rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?"
_LONGEST_USER_NAME = 255
_FEWEST_PARTS = 2


class MalformedResponse(ValueError):  # noqa: N818 - what the client sent, not a fault of ours
    """The client's response is not what the mechanism asks for."""


def decode_base64(text: bytes) -> bytes:
    """Decode strict Base64 (RFC 4648 §4), padding optional.

    Raises `MalformedResponse`.
    """
    if not re.fullmatch(_BASE64, text):
        raise MalformedResponse
    return a2b_base64(text + b"=" * (-len(text) % 4))


def decode_text(text: bytes) -> str:
    """Decode Base64 that holds UTF-8; bytes that do not fit become U+FFFD."""
    return decode_base64(text).decode("utf-8", "replace")


def parse_plain(response: bytes) -> tuple[str, str]:
    """Read a PLAIN response into user name and password.

    Raises `MalformedResponse` when there are fewer than two parts or the user name is unfit.
    """
    parts = [part for part in decode_text(response).split("\0") if part]
    if len(parts) < _FEWEST_PARTS:
        raise MalformedResponse
    user_name, password = parts[:2] if len(parts) == _FEWEST_PARTS else parts[1:3]
    return check_user_name(user_name), password


def check_user_name(user_name: str) -> str:
    """Give the user name back if the software takes it for one.

    Raises `MalformedResponse` for a blank one, one over 255 characters, and one with two `@` or
    with nothing on a side of its `@`.
    """
    parts = user_name.split("@")
    fits = (
        user_name.strip() != ""
        and len(user_name) <= _LONGEST_USER_NAME
        and len(parts) <= _FEWEST_PARTS
        and all(parts)
    )
    if not fits:
        raise MalformedResponse
    return user_name
