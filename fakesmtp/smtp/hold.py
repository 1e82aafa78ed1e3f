"""Why a connection does not go on with what it has received."""

from __future__ import annotations

from enum import Enum, auto


class Hold(Enum):
    """The reason; a connection without one goes on."""

    #: It waits on purpose, and reads nothing.
    PAUSE = auto()
    #: It has had its turn and waits for the next, and reads nothing.
    TURN = auto()
    #: It waits on purpose, and ignores what arrives: a client that gives up must be noticed.
    STALL = auto()
    #: The TLS handshake is not done.
    HANDSHAKE = auto()
    #: It closes as soon as all replies are sent, and ignores what arrives.
    CLOSING = auto()


NOT_READING = frozenset({Hold.PAUSE, Hold.TURN})
IGNORING = frozenset({Hold.STALL, Hold.CLOSING})
