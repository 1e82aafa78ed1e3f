"""fakesmtp's own HTTP API, below `/api/fakesmtp/v1`."""

from __future__ import annotations

from fakesmtp.web.own import faults, info, sessions

ROUTERS = (info.router, sessions.router, faults.router)
