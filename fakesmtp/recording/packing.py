"""Events as a session keeps them while it lasts: packed, one behind the other, in one buffer.

A server keeps many sessions of many events. Packed, an event costs 13 bytes more than what was
said; as objects it would cost some 300, and the collector of garbage would walk over all of them.
They are read by `unpacking.py`.
"""

from __future__ import annotations

from struct import Struct

#: Nanoseconds since the connection was made, bytes of content, kind.
HEAD = Struct("<QIB")
pack_head = HEAD.pack

#: In the order of `EventKind`.
CLIENT, SERVER, MESSAGE, TLS, LOGIN, NOTE, FAULT, END = range(8)
#: Lines of a client that begin with a letter, and their replies: an event for each of them.
EXCHANGE = 8
#: Laid over the kind of a client's line that is not kept as it came.
MASKED = 0x80


def pack_texts(*texts: str) -> bytes:
    """Make the content of an event of several texts, of which only the last may hold a NUL."""
    return "\0".join(texts).encode()


def pack(fields: tuple[object, ...]) -> bytes:
    """Make the content of an event of several fields with anything in them, which is rare."""
    import json  # noqa: PLC0415 - lazily: as it is rare

    return json.dumps(fields).encode()


def pack_message(mail_id: str, size: int, sha256: str = "") -> bytes:
    """Make the content of the event of message data."""
    return f"{size} {sha256} {mail_id}".encode()
