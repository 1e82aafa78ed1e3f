"""The HTTP API that Mailpit's clients use: `/api/v1`, `/view`, `/metrics` and `/api/events`."""

from __future__ import annotations

from fakesmtp.web.mailpit import about, chaos, events, lists, sending, single, tags, views
from fakesmtp.web.mailpit.statistics import Statistics

__all__ = ["ROUTERS", "Statistics"]

ROUTERS = (
    *(lists.router, single.router, tags.router, sending.router, chaos.router),
    *(views.router, about.router, events.router),
)
