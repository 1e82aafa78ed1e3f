"""Where messages and sessions are kept: in memory, or in a SQLite file."""

from __future__ import annotations
