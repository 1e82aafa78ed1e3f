"""What every server process here does beside serving: it answers `report` and ends with its input.

`report` on standard input is answered by one line of JSON: how many mails are kept, and a digest
over all of them. It does not depend on their order.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def digest(mails: Iterable[bytes]) -> str:
    """Hash the sorted hashes of all mails."""
    from hashlib import sha256  # noqa: PLC0415 - a cold start is measured, and does without

    hashes = sorted(sha256(mail).hexdigest() for mail in mails)
    return sha256("".join(hashes).encode()).hexdigest()


def obey(kept: Callable[[], list[bytes]]) -> None:
    """Answer until standard input ends. `kept` gives the mails as they were received."""
    import json  # noqa: PLC0415 - see digest

    for line in sys.stdin:
        if line == "report\n":
            mails = kept()
            print(json.dumps({"count": len(mails), "digest": digest(mails)}), flush=True)
