"""Keeping pages of other sites out: a browser is on this machine, and so is the server.

A page can make its reader's browser ask any address. It may not read the answer of another origin,
unless its own name is made to lead here (DNS rebinding): then `Host` gives it away. And it may ask
without reading: then `Origin` (RFC 6454 §7) does.
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

#: RFC 9110 §7.2: a name or an address, and maybe a port.
_HOST = re.compile(r"\[([0-9a-f:.]+)\](?::\d*)?|([^:\[\]@/\s]+)(?::\d*)?", re.IGNORECASE)


class Guard:
    """Lets through what is asked of this machine's loopback names, or of `names`."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        objection = self._object(scope) if scope["type"] == "http" else None
        if objection is None:
            await self._app(scope, receive, send)
        else:
            await refuse(403, objection)(scope, receive, send)

    def _object(self, scope: Scope) -> str | None:
        """Say why this request is refused; None when it is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if not self._is_ours(host, scope):
            return "this Host is not served: ask the address that `fakesmtp serve` printed"
        own = f"{scope['scheme']}://{host}"
        if any(origin.lower() != own for origin in headers.getlist("origin")):
            return "pages of another origin may not ask: there is no CORS here"
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1] or found[2]
        # The address that was connected to: also where the server listens on all there are.
        address, *_ = scope.get("server") or ("",)
        return name in self._names or name == address or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
