"""The types of options: each reads a text, or raises an error that says what is valid."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol import proxies
from fakesmtp.protocol.credentials import Account
from fakesmtp.smtp.listeners import check_ports
from fakesmtp.storage.address import read_address as read_store_address
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable

_HIGHEST_PORT = 65535
#: The largest number, its digits in a size, and the longest time (30 years, in seconds).
_MOST = 2**63 - 1
_MOST_DIGITS = 12
_MOST_SECONDS = 1_000_000_000
_ADDRESS = re.compile(r"(?:(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]/@]+)):)?([0-9]{1,5})")
_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@?#]+)(?::[0-9]{1,5})?/?")
_NAME = re.compile(r"[^\s:\[\]/@?#]+|\[[0-9A-Fa-f:.]+\]")
_IN_BRACKETS = re.compile(r"\[[0-9A-Fa-f:.%\w]+\]")
#: A SecretKey that came of accounts written as a list: `a:b,c:d`, or `a:b,`.
_NEXT_ACCOUNT = re.compile(r",(?:[^,:\s]+:[^,:\s]+|$)")
_AGE = re.compile(r"([0-9]{1,9})([dhms])")
_AGE_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_NONE = "none"
#: The store that ends with the process.
MEMORY = "memory"
_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}
_TRUTHS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off"), False
)


class Value(click.ParamType[object]):
    """A type whose values `read` makes of a text; `write` makes a text of a default.

    `read` raises `ValueError`.
    """

    def __init__(self, read: Callable[[str], object], write: Callable[[Any], str] = str) -> None:
        self.name = read.__name__.removeprefix("read_")
        self.write = write
        self._read = read

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Read a value of any source; numbers of a file are texts here."""
        try:
            return self._read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Truth(click.types.BoolParamType):
    """True or false, as a variable may have it: `yes`, `off`, `1`."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bool:
        """Read 1, true, yes, on or 0, false, no, off, in any case."""
        truth = _TRUTHS.get(str(value).strip().lower())
        if truth is None:
            self.fail(f"{quote(value)} is not true or false (1, 0, yes, no, on, off)", param, ctx)
        return truth


class Flag(Truth):
    """True when the option is there: `--no-http` has no opposite."""


def read_text(text: str) -> str:
    """Read any text that is not empty."""
    if not text.strip():
        raise ValueError("the value is empty")
    return text.strip()


def read_host(text: str) -> str:
    """Read an address or a name of this machine; an IPv6 address may be in brackets."""
    host = read_text(text)
    if _IN_BRACKETS.fullmatch(host):
        return host[1:-1]
    if "," in host or " " in host:
        raise ValueError(f"{quote(text)} is not one address: give each address separately")
    if not host.isprintable():
        raise ValueError(f"{quote(text)} is not an address or a host name (example: 127.0.0.1)")
    if host.startswith("[") or (host.count(":") == 1 and host.partition(":")[2].isdecimal()):
        raise ValueError(f"{quote(text)} contains a port: use --ports or --port-offset for ports")
    return host


def read_level(text: str) -> tuple[str, str]:
    """Read the level of a rule, `ad-phone=off`."""
    from fakesmtp.findings import Rules, read_levels  # noqa: PLC0415 - most runs set no level

    if "," in text:
        raise ValueError(
            f"{quote(text)} is not one rule=level: separate rules by spaces in a variable, or "
            "repeat --findings"
        )
    try:
        levels = read_levels([text])
        Rules(levels)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return next(iter(levels.items()))


def read_path(text: str) -> Path:
    """Read a path; `~` is the user's home folder."""
    try:
        return Path(read_text(text)).expanduser()
    except RuntimeError:
        raise ValueError(
            f"{quote(text)} names a home folder that is unknown: write the whole path"
        ) from None


def read_integer(text: str) -> int:
    """Read a whole number, which may be negative."""
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{quote(text)} is not a whole number (example: 1000)") from None
    if abs(number) > _MOST:
        raise ValueError(f"{quote(text)} is too large: at most {_MOST}")
    return number


def read_count(text: str) -> int:
    """Read a whole number of at least 1."""
    count = read_integer(text)
    if count < 1:
        raise ValueError(f"must be at least 1, not {count}")
    return count


def read_seconds(text: str) -> float:
    """Read a number of seconds greater than 0."""
    seconds = _to_seconds(text)
    if not 0 < seconds <= _MOST_SECONDS:
        raise _not_seconds(text, "greater than 0 and at most")
    return seconds


def read_duration(text: str) -> float:
    """Read a number of seconds, which may be 0."""
    seconds = _to_seconds(text)
    if not 0 <= seconds <= _MOST_SECONDS:
        raise _not_seconds(text, "from 0 to")
    return seconds


def _to_seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _not_seconds(text: str, bounds: str) -> ValueError:
    return ValueError(
        f"{quote(text)} is not a number of seconds {bounds} {_MOST_SECONDS:,} (examples: 120, 0.5)"
    )


def read_network(text: str) -> str:
    """Read a network, `10.0.0.0/8`, or one IP address."""
    try:
        return str(proxies.read_network(text.strip()))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


def read_size(text: str) -> int:
    """Read a number of bytes greater than 0; K, M and G are 1024 bytes and its powers."""
    digits, unit = text.strip().upper().removesuffix("B"), 1
    if digits[-1:] in _UNITS:
        digits, unit = digits[:-1], _UNITS[digits[-1]]
    if not digits.isdecimal() or len(digits) > _MOST_DIGITS or not int(digits):
        raise ValueError(
            f"{quote(text)} is not a size greater than 0 (examples: 1000, 500K, 64M, 1G)"
        )
    return int(digits) * unit


def read_age(text: str) -> float | None:
    """A time in days, hours, minutes or seconds, `30d`, `12h`; or `none`."""
    found = _AGE.fullmatch(text.strip().lower())
    if text.strip().lower() == _NONE:
        return None
    seconds = int(found[1]) * _AGE_UNITS[found[2]] if found else 0
    if not 0 < seconds <= _MOST_SECONDS:
        raise ValueError(
            f"{quote(text)} is not an age (examples: 30d, 12h, 90m; none for no limit)"
        )
    return float(seconds)


def show_age(seconds: float) -> str:
    """Write an age the way that `read_age` reads it."""
    fits = (unit for unit, factor in _AGE_UNITS.items() if seconds % factor == 0)
    unit = next(fits, "s")
    return f"{seconds / _AGE_UNITS[unit]:g}{unit}"


def read_size_or_none(text: str) -> int | None:
    """A number of bytes over 0, as `read_size` has it; or `none`."""
    return None if text.strip().lower() == _NONE else read_size(text)


def read_store(text: str) -> str:
    """`memory`, or the address of a store: `sqlite:///PATH`, `postgresql://…`."""
    store = read_text(text)
    if store != MEMORY:
        read_store_address(store)
    return store


def show_size(size: int) -> str:
    """Write a number of bytes as `read_size` reads it."""
    for unit, factor in reversed(_UNITS.items()):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def read_account(text: str) -> Account:
    """Read APPKEY:SECRETKEY, split at the first colon; no error contains the text."""
    app_key, _, secret_key = text.strip().partition(":")
    if "," in app_key or _NEXT_ACCOUNT.search(secret_key):
        raise ValueError(
            "a comma and another APPKEY:SECRETKEY follow the first: separate accounts by spaces in "
            "a variable, repeat --account, or use a file (--accounts-file)"
        )
    if not app_key or not secret_key or "#" in app_key:
        raise ValueError(
            "an account is APPKEY:SECRETKEY; neither may be empty, and the AppKey has no '#'"
        )
    return Account(app_key, secret_key)


def read_ports(text: str) -> dict[int, int] | Literal["auto"]:
    """Read `auto`, or pairs of an endpoint's port and a local one: `587=1587,465=0`."""
    if text.strip().lower() == "auto":
        return "auto"
    pairs = [pair.split("=") for pair in text.replace(",", " ").split()]
    if not all(len(pair) == 2 and all(n.isdecimal() for n in pair) for pair in pairs):  # noqa: PLR2004 - a pair
        raise ValueError(
            f"{quote(text)} is not a list of ports: use auto, or pairs like 587=1587,465=0"
        )
    return check_ports({int(real): int(local) for real, local in pairs})


def read_address(text: str) -> tuple[str, int]:
    """Read HOST:PORT or a port of 127.0.0.1; `[::1]:8025` for IPv6."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or not text.strip().isprintable() or int(found[3]) > _HIGHEST_PORT:
        raise ValueError(
            f"{quote(text)} is not a port or HOST:PORT (examples: 8025, 127.0.0.1:8025)"
        )
    return found[1] or found[2] or "127.0.0.1", int(found[3])


def read_origin(text: str) -> str:
    """Read the origin of a page, `https://mail.example.com`, or `*` for all."""
    origin = text.strip()
    if origin != "*" and (not _URL.fullmatch(origin) or origin.endswith("/")):
        raise ValueError(
            f"{quote(text)} is not an origin (example: https://app.example.com, or * for all)"
        )
    return origin


def read_name(text: str) -> str:
    """Read the name of a host, without a port."""
    if not _NAME.fullmatch(text.strip()):
        raise ValueError(f"{quote(text)} is not a host name (example: mail.example.com)")
    return text.strip()


def read_url(text: str) -> str:
    """Read the address of a server over HTTP, without a path."""
    if not _URL.fullmatch(text.strip()):
        raise ValueError(
            f"{quote(text)} is not the address of a server (example: http://127.0.0.1:8025)"
        )
    return text.strip().rstrip("/")
