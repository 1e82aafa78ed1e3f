"""The event loops that the server is tested on."""

from __future__ import annotations

import asyncio
import sys

LOOPS = {"asyncio": asyncio.SelectorEventLoop}
if sys.platform != "win32":
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop
