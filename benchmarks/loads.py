"""The loads: what the client sends, and which servers are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

ASYNCIO, UVLOOP = "fakesmtp on asyncio", "fakesmtp on uvloop"
SERVE = "fakesmtp serve"
AIOSMTPD, SMTP_SINK = "aiosmtpd", "smtp-sink"
SMTP_SERVER, MAILPIT = "smtp-server", "Mailpit"
OURS = (ASYNCIO, UVLOOP)

_QUICK_SECONDS, _QUICK_PART = 0.4, 5
_TEN_MB = 10_000_000


class Kind(Enum):
    """The kinds of loads; `measure.py` has a function for each."""

    SPEED = auto()
    MEMORY = auto()
    START = auto()
    IDLE = auto()
    FIXTURE = auto()


@dataclass(frozen=True)
class Load:
    """One load.

    `size` is the size of a message in bytes, headers included. A run ends after `seconds` or
    `count` messages; for idle connections `count` is their number, for the fixture that of tests.
    `each`: a connection for each message. `secure`: STARTTLS and AUTH PLAIN before the first one.
    """

    kind: Kind
    title: str
    servers: tuple[str, ...]
    size: int = 1_200
    connections: int = 10
    count: int = 100_000
    seconds: float = 1.5
    each: bool = False
    pipelined: bool = False
    secure: bool = False

    def quick(self) -> Load:
        """Return a smaller version of this load, to try the benchmarks."""
        seconds = _QUICK_SECONDS if self.kind is Kind.SPEED else self.seconds
        return replace(self, seconds=seconds, count=self.count // _QUICK_PART)


LOADS = {
    "T1": Load(
        Kind.SPEED,
        "1.2 KB messages on 10 kept connections, a round trip for each command",
        (*OURS, SMTP_SINK, AIOSMTPD, SMTP_SERVER),
    ),
    "T1p": Load(
        Kind.SPEED,
        "T1 with MAIL, RCPT and DATA in one write",
        (*OURS, SMTP_SINK, AIOSMTPD, SMTP_SERVER),
        pipelined=True,
    ),
    "T2": Load(
        Kind.SPEED,
        "a connection for each message, 10 at a time, ended by QUIT",
        (*OURS, SMTP_SINK, AIOSMTPD, SMTP_SERVER, MAILPIT),
        each=True,
    ),
    "T3": Load(
        Kind.SPEED,
        "T2 with STARTTLS (P-256, TLS 1.3) and AUTH PLAIN",
        (*OURS, AIOSMTPD, SMTP_SERVER),
        each=True,
        secure=True,
    ),
    "T4": Load(
        Kind.SPEED,
        "10 MB messages on 2 kept connections",
        (*OURS, SMTP_SINK, AIOSMTPD, SMTP_SERVER),
        size=_TEN_MB,
        connections=2,
    ),
    "T4-TLS": Load(
        Kind.SPEED,
        "T4 through STARTTLS",
        (*OURS, AIOSMTPD, SMTP_SERVER),
        size=_TEN_MB,
        connections=2,
        secure=True,
    ),
    "T5": Load(
        Kind.MEMORY,
        "20,000 messages of 2,291 bytes, kept with their sessions",
        (*OURS, AIOSMTPD),
        size=2_291,
        connections=40,  # no session may reach the limit of recorded events
        count=20_000,
        seconds=60,
    ),
    "T6": Load(
        Kind.START,
        "a new process until a client has read the first 220",
        (*OURS, SERVE, AIOSMTPD),
        count=5,
    ),
    "T7": Load(
        Kind.IDLE,
        "5,000 connections idle after EHLO, then new ones with a message each, one at a time",
        (*OURS, AIOSMTPD),
        connections=1,
        count=5_000,
        each=True,
    ),
    "T8": Load(
        Kind.FIXTURE,
        "300 pytest tests, each sends a message with smtplib; over an empty fixture",
        (*OURS, AIOSMTPD),
        count=300,
    ),
    "T8-TLS": Load(
        Kind.FIXTURE,
        "T8 with STARTTLS and AUTH",
        (*OURS, AIOSMTPD),
        count=300,
        secure=True,
    ),
}
