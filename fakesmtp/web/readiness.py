"""Whether the store answers, in a time that a load balancer waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fakesmtp.errors import StoreError

if TYPE_CHECKING:
    from fakesmtp.archive import Archive

#: Seconds that a store has for its answer. A database that hangs fails only after 30 seconds.
LIMIT = 2.0


class Readiness:
    """Asks the store of an archive for probes; all that come before its answer share one read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._asked: asyncio.Task[StoreError | None] | None = None

    async def check(self) -> None:
        """Return if the store can be read; raise `StoreError` if not, or after 2 seconds."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(asyncio.to_thread(self._read))
        asked = self._asked
        await asyncio.wait({asked}, timeout=LIMIT)
        if not asked.done():
            where = self._archive.store.location
            raise StoreError(f"cannot read {where}: it has not answered for {LIMIT:g} seconds")
        error = asked.result()
        if error is not None:
            raise error

    def _read(self) -> StoreError | None:
        """Return the error of a read. It is not raised: perhaps no probe waits for it any more."""
        try:
            self._archive.store.page(limit=1)
        except StoreError as error:
            return error
        return None
