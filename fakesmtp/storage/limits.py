"""How much a store keeps."""

from __future__ import annotations

from typing import NamedTuple

from fakesmtp.errors import ConfigurationError

_DAY = 86_400.0


class Limits(NamedTuple):
    """How much a store keeps; None: as much as comes. The oldest goes first.

    `max_age` is in seconds, `max_bytes` in bytes: of the file, or of the messages in memory. The
    last two are for sessions of which no message is stored. The newest message always stays.
    Raises `ConfigurationError` where `check` finds one below its least.
    """

    max_messages: int | None = None
    max_age: float | None = None
    max_bytes: int | None = None
    max_sessions: int | None = 10_000
    max_session_age: float | None = 7 * _DAY

    def check(self) -> Limits:
        """Return the limits; raises `ConfigurationError` for one that is not above 0."""
        for name, value in self._asdict().items():
            if value is not None and value <= 0:
                raise ConfigurationError(f"{name} is {value}: give 1 or more, or None")
        return self


#: Nothing is removed.
UNLIMITED = Limits(max_sessions=None, max_session_age=None)
