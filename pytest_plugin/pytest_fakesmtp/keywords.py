"""The options of the marker as keyword arguments, for type checkers: pytest does not import this.

`pytest.mark.fakesmtp(…)` itself is any marker to a type checker. Options that are kept in a
dictionary are checked: `STRICT: MarkerOptions = {"require_tls": True}`, then
`@pytest.mark.fakesmtp(**STRICT)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.protocol.keywords import Switches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fakesmtp import Profile
    from fakesmtp.options import AccountsOption


class MarkerOptions(Switches, total=False):
    """What `@pytest.mark.fakesmtp(…)` takes."""

    accounts: AccountsOption
    faults: str | Path | Iterable[Mapping[str, object]]
    findings: str
    handler: object
    profile: Profile
