"""`FakeSMTP` as users run it. Arguments: asyncio or uvloop, then as for aiosmtpd_server.py."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control import answer

from fakesmtp import FakeSMTP
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

_OTHER_PORTS = (25, 2587, 465, 2465)
_MAX_BYTES = 2**40  # every message must be kept for the check


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the function that creates the event loop."""
    if name == "uvloop":
        import uvloop  # noqa: PLC0415 - its import time belongs to this variant only

        return uvloop.new_event_loop
    return asyncio.SelectorEventLoop


def main(loop: str, port: str, certificates: str = "", account: str = "") -> None:
    """Serve until standard input ends."""
    options: dict[str, Any] = {"require_auth": False}
    if certificates:
        options = {"certs_dir": Path(certificates), "accounts": [account.split(":")]}
    with FakeSMTP(
        ports={587: int(port), **dict.fromkeys(_OTHER_PORTS, 0)},
        store=MemoryStore(Limits(max_bytes=_MAX_BYTES)),
        loop_factory=loop_factory(loop),
        **options,
    ) as smtp:
        answer(lambda: [message.raw for message in smtp.messages])


if __name__ == "__main__":
    main(*sys.argv[1:])
