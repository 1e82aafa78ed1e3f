"""HTTP API of a running server. Its libraries come with the extra `server`."""

from __future__ import annotations
