"""Parse untrusted TOML and JSON: a value, or one error."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

#: Maximum number of names in a dotted key (`a.b.c`): parsing takes quadratic time.
_MOST_NAMES = 100
_DEEP = "it is nested too deeply"
_LONG = "a number has too many digits"


class TableError(ValueError):
    """A text is not valid TOML or JSON; `line` is the line of the error, None if unknown."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table of a TOML text; raise `TableError`."""
    import tomllib  # noqa: PLC0415 - most runs read no TOML

    deep = next((n for n, line in enumerate(text.splitlines(), 1) if _is_deep(line)), None)
    if deep is not None:
        raise TableError(f"a key has more than {_MOST_NAMES} names", deep)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise TableError(str(error), int(line[1]) if line else None) from None
    except (ValueError, RecursionError) as error:
        raise _translate(error) from None


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - as JSON is
    """Return the value of a JSON text; raise `TableError`, also for NaN and Infinity."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise TableError(error.msg, error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise _translate(error) from None


def _is_deep(line: str) -> bool:
    """Whether a key in a line has too many names; dots in a string may count as well."""
    *keys, value = line.split("=")
    if line.lstrip().startswith("["):
        keys.append(value)
    return any(key.count(".") >= _MOST_NAMES for key in keys)


def _translate(error: ValueError | RecursionError) -> TableError:
    if isinstance(error, RecursionError):
        return TableError(_DEEP)
    # Python does not read numbers of thousands of digits, and its error names its own limits.
    return TableError(_LONG if "digits" in str(error) else str(error))


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number in JSON (RFC 8259 §6)")
