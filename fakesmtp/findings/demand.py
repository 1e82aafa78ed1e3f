"""What is demanded of findings, in words: `error`, `warning, link-http=off`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import ConfigurationError
from fakesmtp.findings.rules import Rules, read_levels, read_severity
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_OFF = "off"
_SEPARATORS = re.compile(r"[\s,]+")


class Demand(NamedTuple):
    """The least severity that fails a test, and levels of rules.

    `severity` is `off` where nothing fails, None where the words name none.
    """

    severity: str | None
    levels: Mapping[str, str]

    def over(self, base: Demand | None) -> Demand:
        """Return this demand, with what it leaves open taken from another."""
        if base is None:
            return self
        return Demand(self.severity or base.severity, {**base.levels, **self.levels})

    @property
    def is_off(self) -> bool:
        """Whether nothing fails."""
        return self.severity in {None, _OFF}


def read_demand(text: object) -> Demand:
    """Read words with blanks or commas between them: a severity or `off`, and `rule=level`.

    Raises `ConfigurationError` for anything else, and for an unknown rule or level.
    """
    if not isinstance(text, str):
        raise ConfigurationError(
            f"findings must be a text, not {quote(text)} (example: 'error, link-http=off')"
        )
    words = [word for word in _SEPARATORS.split(text) if word]
    severities = [word for word in words if "=" not in word]
    if len(severities) > 1:
        raise ConfigurationError(f"findings must name one severity, not {', '.join(severities)}")
    for severity in severities:
        if severity != _OFF:
            read_severity(severity)
    levels = read_levels(word for word in words if "=" in word)
    Rules(levels)  # raises for what is unknown
    return Demand(severities[0] if severities else None, levels)
