"""Clients of other servers: a running fakesmtp over HTTP."""

from __future__ import annotations
