"""The protocol without I/O: no sockets, no clock, no threads. Lines in, actions out."""

from __future__ import annotations
