"""Keep pages of other sites out: the browser runs on the same machine as the server.

A page can make the browser send a request to any address. It cannot read the response of another
origin, unless its own name resolves to this machine (DNS rebinding): then `Host` reveals it. And it
can send a request without reading the response: then `Origin` (RFC 6454 §7) reveals it.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from fakesmtp.web.answers import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

#: RFC 9110 §7.2: a name or an address, and an optional port.
_HOST = re.compile(r"\[([0-9a-f:.]+)\](?::\d*)?|([^:\[\]@/\s]+)(?::\d*)?", re.IGNORECASE)


class Guard:
    """Allow requests to the loopback names of this machine, and to `names`."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        objection = self._object(scope) if scope["type"] == "http" else None
        if objection is None:
            await self._app(scope, receive, send)
        else:
            await refuse(403, objection)(scope, receive, send)

    def _object(self, scope: Scope) -> str | None:
        """Return why this request is refused; None if it is allowed."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if not self._is_ours(host, scope):
            return "this Host is not allowed: use the address that `fakesmtp serve` printed"
        own = f"{scope['scheme']}://{host}"
        if any(origin.lower() != own for origin in headers.getlist("origin")):
            return "requests from pages of another origin are not allowed: there is no CORS"
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1] or found[2]
        # The address of the connection: works also if the server listens on all addresses.
        address, *_ = scope.get("server") or ("",)
        return name in self._names or name == address or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
