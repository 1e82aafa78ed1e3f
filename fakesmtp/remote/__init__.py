"""Other servers, seen as a client: a running fakesmtp over HTTP."""

from __future__ import annotations
