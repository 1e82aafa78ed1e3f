"""The reports of the Python servers: which messages they keep."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def answer(kept: Callable[[], list[bytes]]) -> None:
    """Print a line of JSON about the kept messages for each line of standard input."""
    for _ in sys.stdin:
        import json  # noqa: PLC0415 - late import: the time until the first 220 is measured

        print(json.dumps(describe(kept())), flush=True)


def describe(messages: Iterable[bytes]) -> dict[str, object]:
    """Return the number of messages, and a digest that does not depend on their order."""
    from hashlib import sha256  # noqa: PLC0415 - late import, too

    digests = sorted(sha256(message).hexdigest() for message in messages)
    return {"count": len(digests), "digest": sha256("".join(digests).encode()).hexdigest()}
