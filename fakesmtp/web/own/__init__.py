"""fakesmtp's own HTTP API, below `/api/fakesmtp/v1`."""

from __future__ import annotations

from fakesmtp.web.own import accounts, faults, info, messages, sessions

ROUTERS = (info.router, messages.router, accounts.router, sessions.router, faults.router)
