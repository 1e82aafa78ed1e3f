"""What every server process here does beside serving: it answers `report` and ends with its input.

`report` on standard input is answered by one line of JSON: how many mails are kept, and a digest
over all of them. It does not depend on their order.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def read_arguments(**options: Callable[[str], object]) -> SimpleNamespace:
    """Read a port and options as `--name value`; one that is not given is None.

    By hand: a cold start is measured, of which argparse would take 8 ms.
    """
    _, port, *rest = sys.argv
    given = dict(zip(rest[::2], rest[1::2], strict=True))
    texts = {name: given.pop(f"--{name.replace('_', '-')}", None) for name in options}
    if given:
        raise SystemExit(f"no option {next(iter(given))}")
    values = {name: text and options[name](text) for name, text in texts.items()}
    return SimpleNamespace(port=int(port), **values)


def to_path(text: str) -> Path:
    """Make a path of it."""
    from pathlib import Path  # noqa: PLC0415 - a cold start is measured, and does without

    return Path(text)


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
