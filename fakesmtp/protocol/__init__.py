"""The protocol, pure: no socket, no clock, no thread. Lines in, actions out."""

from __future__ import annotations
