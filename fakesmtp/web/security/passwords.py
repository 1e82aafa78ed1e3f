"""Passwords of the HTTP server: a file in the form of htpasswd, with bcrypt."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from asyncio import to_thread
from typing import TYPE_CHECKING

import bcrypt
from starlette.datastructures import Headers
from starlette.websockets import WebSocketClose

from fakesmtp.errors import ConfigurationError
from fakesmtp.files import read_text
from fakesmtp.web.answers import refuse
from fakesmtp.web.health import is_probe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

#: The largest file in bytes, and what a line of it is.
_MOST_BYTES = 1024 * 1024
_LINE = re.compile(r"(?P<name>[^:]+):(?P<hash>\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})")
_RIGHT = "write NAME:HASH a line, with a bcrypt hash as `htpasswd -B` makes it"
#: bcrypt reads this many bytes of a password.
_LONGEST = 72
_POLICY = 1008


class Passwords:
    """Names, and the bcrypt hashes of their passwords."""

    def __init__(self, hashes: Mapping[str, bytes]) -> None:
        self._hashes = hashes
        # An unknown name takes as long as a wrong password.
        self._nobody = bcrypt.hashpw(b"", bcrypt.gensalt(_cost(hashes)))
        # bcrypt is slow on purpose, so a header that was right is known again by its digest.
        self._key = secrets.token_bytes(32)
        self._known: set[bytes] = set()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of passwords. Raises `ConfigurationError` with the line that is wrong."""
        lines = read_text(path, ConfigurationError, most=_MOST_BYTES, what="the passwords in ")
        hashes = dict(
            _read_line(line, f"{path}, line {number}")
            for number, line in enumerate(lines.splitlines(), 1)
            if line.strip() and not line.startswith("#")
        )
        if not hashes:
            # Without this, a file that was emptied by mistake would lock everyone out.
            raise ConfigurationError(f"{path} has no password: {_RIGHT}")
        return cls(hashes)

    def knows(self, authorization: str) -> bool:
        """Return whether the value of an `Authorization` header was right before."""
        return self._digest(authorization) in self._known

    def check(self, authorization: str) -> bool:
        """Return whether the value of an `Authorization` header is right (RFC 7617). Slow."""
        name, password = _read_basic(authorization)
        expected = self._hashes.get(name, self._nobody)
        is_right = bcrypt.checkpw(password[:_LONGEST], expected) and name in self._hashes
        if is_right:
            self._known.add(self._digest(authorization))
        return is_right

    def _digest(self, authorization: str) -> bytes:
        return hmac.digest(self._key, authorization.encode("utf-8", "replace"), "sha256")


class PasswordGuard:
    """Allow requests with a password; probes are always allowed."""

    def __init__(self, app: ASGIApp, passwords: Passwords) -> None:
        self._app = app
        self._passwords = passwords

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_request = scope["type"] in {"http", "websocket"} and not is_probe(scope)
        if not is_request or await self._is_allowed(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY, "a password is needed")(scope, receive, send)
        else:
            await _ask_for_password(scope["path"])(scope, receive, send)

    async def _is_allowed(self, scope: Scope) -> bool:
        given = Headers(scope=scope).get("authorization", "")
        if not given:
            return False
        return self._passwords.knows(given) or await to_thread(self._passwords.check, given)


def _ask_for_password(path: str) -> Response:
    return refuse(
        401,
        "a name and a password of --http-auth-file are needed",
        path,
        {"WWW-Authenticate": 'Basic realm="Login", charset="UTF-8"'},
    )


def _read_line(line: str, place: str) -> tuple[str, bytes]:
    found = _LINE.fullmatch(line.strip())
    if found is None:
        # Not the line itself: it may be a password in clear.
        raise ConfigurationError(f"{place} is not a password: {_RIGHT}")
    return found["name"], found["hash"].encode()


def _cost(hashes: Mapping[str, bytes]) -> int:
    return max(int(each[4:6]) for each in hashes.values())


def _read_basic(authorization: str) -> tuple[str, bytes]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", b""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return "", b""
    return name.decode("utf-8", "replace"), password
