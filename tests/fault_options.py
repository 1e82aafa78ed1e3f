"""A valid value for every option of the fault kinds, small enough that no test waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.faults.kinds import KINDS

if TYPE_CHECKING:
    from fakesmtp.faults import Stage

VALUES: dict[str, object] = {
    "reply": "450 4.2.0 Not now",
    "close": True,
    "seconds": 0.01,
    "bytes_per_second": 20_000,
    "certificate": "expired",
}


def needed_options(what: str, where: Stage) -> dict[str, Any]:
    """Return the options that a fault of this kind requires at this stage."""
    kind = KINDS[what]
    names = (*kind.needs, *(["close"] if where in kind.must_close else []))
    return {name: VALUES[name] for name in names}
