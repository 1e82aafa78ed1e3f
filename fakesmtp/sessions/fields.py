"""Read untrusted JSON objects: fields by name and type, with limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from fakesmtp.errors import RecordingError
from fakesmtp.tables import TableError, parse_json
from fakesmtp.text import is_whole, quote

if TYPE_CHECKING:
    from enum import Enum
    from typing import Self

    _E = TypeVar("_E", bound=Enum)

#: The largest number in any field.
_MOST = 2**63 - 1
#: The longest time (seconds).
MOST_SECONDS = 1_000_000_000
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


class Fields:
    """The fields of one object, by name and type; raises `RecordingError`.

    Returned values are safe to use, even if the object is not trusted: numbers have limits, texts
    can be encoded as UTF-8.
    """

    def __init__(self, fields: Any) -> None:  # noqa: ANN401 - whatever the JSON holds
        if not isinstance(fields, dict):
            raise RecordingError("this is not a JSON object")
        self._fields: dict[str, Any] = fields

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of an object."""
        try:
            return cls(parse_json(text))
        except TableError as error:
            raise RecordingError(f"this is not JSON: {error}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str) -> str:
        """Return a text."""
        return _check_text(name, self._get(name, str))

    def number(self, name: str, most: int = _MOST) -> int:
        """Return a whole number from 0 to `most`."""
        value = int(self._get(name, int))
        if not 0 <= value <= most:
            limit = "less than 0" if value < 0 else f"more than {most}"
            raise RecordingError(f"{name} is {quote(value)}, {limit}")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._fields.get(name)
        if not isinstance(value, bool):
            raise RecordingError(f"{name} must not be {quote(value)}: it is true or false")
        return value

    def seconds(self, name: str) -> float:
        """Return a time in seconds, 0 or more."""
        value = self._get(name, int | float)
        if not 0 <= value <= MOST_SECONDS:
            raise RecordingError(f"{name} must not be {quote(value)}")
        return float(value)

    def seconds_or_none(self, name: str) -> float | None:
        """Return a time in seconds, None for null."""
        return None if self._fields.get(name) is None else self.seconds(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of at least one text."""
        values = self._get(name, list)
        if not values or not all(isinstance(value, str) for value in values):
            raise RecordingError(f"{name} is not a list of texts")
        return tuple(_check_text(name, value) for value in values)

    def text_or_none(self, name: str) -> str | None:
        """Return a text, None for null."""
        return None if self._fields.get(name) is None else self.text(name)

    def name(self, names: type[_E], name: str) -> _E:
        """Return the member of an enumeration with this value."""
        text = self.text(name)
        try:
            return names(text)
        except ValueError:
            raise RecordingError(f"{name} must not be {quote(text)}") from None

    def time(self, name: str) -> float:
        """Return a time in ISO 8601, in seconds since the epoch."""
        text = self.text(name)
        try:
            seconds = datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError):
            seconds = -1.0
        # Near the limits of the calendar, a conversion to UTC can exceed them.
        if not 0 <= seconds < _LATEST:
            raise RecordingError(
                f"{name} must not be {quote(text)}: it is a time from 1970 to 8999"
            )
        return seconds

    def inner(self, name: str) -> Fields:
        """Return the fields of a nested object."""
        return Fields(self._get(name, dict))

    def inner_or_none(self, name: str) -> Fields | None:
        """Return the fields of a nested object, None for null."""
        return None if self._fields.get(name) is None else self.inner(name)

    def _get(self, name: str, kind: Any) -> Any:  # noqa: ANN401 - what the line holds
        if name not in self._fields:
            raise RecordingError(f"{name} is missing")
        value = self._fields[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise RecordingError(f"{name} must not be {quote(value)}")
        return value


def _check_text(name: str, value: str) -> str:
    if not is_whole(value):
        raise RecordingError(f"{name} has half of a character: {quote(value)}")
    return value
