"""Who may use the HTTP server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp.web.security.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the HTTP server.

    `hosts` are allowed names in `Host`, besides those of the loopback and the address that a
    client connected to. `origins` are those of other pages that may use the API (CORS); `*` is any.
    Without `passwords` no password is asked for.
    """

    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    passwords: Passwords | None = None
