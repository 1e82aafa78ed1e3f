"""Where messages and sessions are kept: in memory, in a SQLite file, or in PostgreSQL."""

from __future__ import annotations
