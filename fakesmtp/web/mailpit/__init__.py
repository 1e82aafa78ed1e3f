"""The HTTP API that Mailpit's clients use: `/api/v1`, `/view`, `/metrics` and `/api/events`."""

from __future__ import annotations

from fakesmtp.web.mailpit import about, chaos, events, lists, sending, single, tags, views

ROUTERS = (
    *(lists.router, single.router, tags.router, sending.router, chaos.router),
    *(views.router, about.router, events.router),
)
