"""The server's side of the wire: connections and listeners."""

from __future__ import annotations
