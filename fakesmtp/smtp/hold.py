"""The reasons why a connection does not process what it has received."""

from __future__ import annotations

from enum import Enum, auto


class Hold(Enum):
    """Why a connection must not continue; it has none while it may continue."""

    #: It waits on purpose, and does not read.
    PAUSE = auto()
    #: It waits for its next turn, and does not read.
    TURN = auto()
    #: It waits on purpose, and ignores what it reads; it reads to notice when the client closes.
    STALL = auto()
    #: The TLS handshake is not complete.
    HANDSHAKE = auto()
    #: It closes as soon as all replies are sent, and ignores what it reads.
    CLOSING = auto()


NOT_READING = frozenset({Hold.PAUSE, Hold.TURN})
IGNORING = frozenset({Hold.STALL, Hold.CLOSING})
