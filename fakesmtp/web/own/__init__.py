"""fakesmtp's own HTTP API, below `/api/fakesmtp/v1`."""

from __future__ import annotations

from fakesmtp.web.own import accounts, events, faults, info, messages, sessions, wait

ROUTERS = tuple(each.router for each in (info, messages, wait, events, accounts, sessions, faults))
