"""Closing a listening socket without disconnecting a client.

The system completes the handshake of TCP by itself. A client whose handshake ends after the last
`accept` and before `close` believes that it is connected, and is then reset: under load, in one of
a hundred closes. Linux can ignore new handshakes first. The client repeats its own after a second
and is refused, so a load balancer tries another server.
"""

from __future__ import annotations

import struct
import sys
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

#: Linux: SOL_SOCKET, SO_ATTACH_FILTER. Python has no names for both on every system.
_SOL_SOCKET, _SO_ATTACH_FILTER = 1, 26
#: The flags of a TCP segment (RFC 9293 §3.1), and those of the first one of a handshake.
_FLAGS, _SYN_AND_ACK, _SYN = 13, 0x12, 0x02
#: A program for the classic BPF: operation, jumps if true and if false, value.
_PROGRAM = (
    (0x30, 0, 0, _FLAGS),  # load a byte
    (0x54, 0, 0, _SYN_AND_ACK),  # and
    (0x15, 0, 1, _SYN),  # if equal, go on; else skip one
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep the whole segment
)


def ignore_new_clients(bound: socket.socket) -> None:
    """Let the system ignore clients that begin to connect from now on; no-op except on Linux."""
    if sys.platform != "linux":
        return
    program = array("B", b"".join(struct.pack("HBBI", *step) for step in _PROGRAM))
    address, _ = program.buffer_info()
    with suppress(OSError):  # a sandbox may forbid it
        bound.setsockopt(_SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(_PROGRAM), address))
