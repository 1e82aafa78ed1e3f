"""The loads: what is sent, how, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What is measured; the value is the unit."""

    RATE = "mails/s"
    VOLUME = "MB/s"
    MEMORY = "bytes a kept mail"
    START = "ms to the first 220"
    IDLE = "bytes an idle connection"
    FIXTURE = "ms a test over an empty fixture"

    @property
    def more_is_better(self) -> bool:
        """Whether a higher figure is the better one."""
        return self in {Kind.RATE, Kind.VOLUME}


@dataclass(frozen=True)
class Load:
    """One load. A run ends after `seconds` or `count` mails, whichever comes first.

    `size` is that of a mail with its headers, in bytes. `each`: every mail has a connection of its
    own. `secure`: STARTTLS first. `login`: AUTH PLAIN first. `warm_up` mails go ahead and are not
    measured.
    """

    title: str
    kind: Kind
    size: int = 1_267
    connections: int = 10
    count: int = 100_000
    warm_up: int = 200
    seconds: float = 3.0
    each: bool = False
    pipelined: bool = False
    secure: bool = False
    login: bool = False


_2_KB, _1_MB, _10_MB = 2_291, 1_000_243, 10_000_243  # with the headers
#: Memory is measured after a fixed number of mails, however long they take.
_UNHURRIED = 120.0

LOADS: dict[str, Load] = {
    "t1": Load("1 KB mails on 10 kept connections", Kind.RATE),
    "t1p": Load("the same, MAIL+RCPT+DATA in one write", Kind.RATE, pipelined=True),
    "t2": Load("a connection for each mail", Kind.RATE, count=20_000, each=True),
    "t3": Load(
        "a connection, STARTTLS and AUTH PLAIN for each mail",
        Kind.RATE,
        count=20_000,
        warm_up=100,
        each=True,
        secure=True,
        login=True,
    ),
    "t4": Load(
        "10 MB mails on 2 kept connections",
        Kind.VOLUME,
        size=_10_MB,
        connections=2,
        count=150,
        warm_up=2,
    ),
    "t4tls": Load(
        "10 MB mails on 2 kept connections, STARTTLS",
        Kind.VOLUME,
        size=_10_MB,
        connections=2,
        count=150,
        warm_up=2,
        secure=True,
    ),
    "t5": Load(
        "memory of 20,000 mails of 2 KB",
        Kind.MEMORY,
        size=_2_KB,
        count=20_000,
        seconds=_UNHURRIED,
    ),
    "t5big": Load(
        "memory of 200 mails of 1 MB",
        Kind.MEMORY,
        size=_1_MB,
        connections=4,
        count=200,
        warm_up=8,
        seconds=_UNHURRIED,
    ),
    "t6": Load("cold start", Kind.START),
    "t7": Load(
        "5,000 idle connections; then a new mail beside them",
        Kind.IDLE,
        connections=1,
        count=100,
        warm_up=20,
        each=True,
        seconds=_UNHURRIED,
    ),
    "t8": Load("a pytest fixture, a mail in each test", Kind.FIXTURE),
    "t8tls": Load("the same, STARTTLS and AUTH", Kind.FIXTURE, secure=True, login=True),
}
