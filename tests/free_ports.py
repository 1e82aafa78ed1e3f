"""Ports for programs that are told where to listen, and cannot say which free port they took."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

#: Systems give ports from 32768 on (Linux) or from 49152 on to clients, and to servers that ask for
#: a free one. So no other test takes one of these before the program does.
_PORTS = range(10_000, 32_768)


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody uses."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port was found")
