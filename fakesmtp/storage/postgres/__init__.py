"""A store in a PostgreSQL database, which any number of servers share."""

from __future__ import annotations
