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
from starlette.websockets import WebSocketClose

from fakesmtp.web.answers import refuse
from fakesmtp.web.health import is_probe

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from fakesmtp.web.security.access import Access

#: RFC 9110 §7.2: a name or an address, and an optional port.
_HOST = re.compile(r"\[([0-9a-f:.]+)\](?::\d*)?|([^:\[\]@/\s]+)(?::\d*)?", re.IGNORECASE)
_HTTP = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
#: RFC 6455 §7.4.1: the request breaks a rule of the server.
_POLICY = 1008


class HostGuard:
    """Allow requests to the loopback names of this machine and to `access.hosts`.

    Requests from pages are allowed if the page is of the same origin, or of one of
    `access.origins`. Probes are always allowed.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in access.hosts)}
        self._origins = {origin.lower() for origin in access.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_request = scope["type"] in {"http", "websocket"}
        objection = self._object(scope) if is_request and not is_probe(scope) else None
        if objection is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY, objection)(scope, receive, send)
        else:
            await refuse(403, objection, scope["path"])(scope, receive, send)

    def _object(self, scope: Scope) -> str | None:
        """Return why this request is refused; None if it is allowed."""
        headers = Headers(scope=scope)
        # More than one is not allowed (RFC 9112 §3.2), and together they are not a name.
        host = ",".join(headers.getlist("host")).lower()
        if not self._is_ours(host, scope):
            return (
                "this Host is not allowed: use the address that `fakesmtp serve` printed, or allow "
                "the name with --http-allowed-hosts"
            )
        allowed = {f"{_HTTP[scope['scheme']]}://{host}", *self._origins}
        if "*" not in allowed and not allowed.issuperset(map(str.lower, headers.getlist("origin"))):
            return (
                "requests from pages of this origin are not allowed: allow it with "
                "--http-cors-origins"
            )
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
