"""`FakeSMTP` as a user has it. Arguments: asyncio or uvloop, then as for aiosmtpd_server.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from control import answer

from fakesmtp import FakeSMTP

_OTHER_PORTS = (25, 2587, 465, 2465)


def loop_option(name: str) -> dict[str, Any]:
    """Return the option that chooses the event loop; nothing where `FakeSMTP` has no choice yet."""
    if "loop_factory" not in (FakeSMTP.__init__.__kwdefaults__ or {}):
        return {}
    if name == "uvloop":
        import uvloop  # noqa: PLC0415 - the time to load it belongs to this variant alone

        return {"loop_factory": uvloop.new_event_loop}
    import asyncio  # noqa: PLC0415

    return {"loop_factory": asyncio.SelectorEventLoop}


def main(loop: str, port: str, certificates: str = "", account: str = "") -> None:
    """Serve until standard input ends."""
    options: dict[str, Any] = {"require_auth": False}
    if certificates:
        options = {"certificates": Path(certificates), "accounts": [account.split(":")]}
    ports = {587: int(port), **dict.fromkeys(_OTHER_PORTS, 0)}
    with FakeSMTP(ports=ports, **options, **loop_option(loop)) as smtp:
        answer(lambda: [message.raw for message in smtp.messages])


if __name__ == "__main__":
    main(*sys.argv[1:])
