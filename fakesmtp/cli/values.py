"""Reading the text of a setting: each function gives the value or raises ValueError with a hint."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fakesmtp.protocol.accounts import Account
from fakesmtp.smtp.listeners import check_ports
from fakesmtp.storage.file import read_url as read_store_url
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TRUTHS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(
    ("0", "false", "no", "off"), False
)
_HIGHEST_PORT = 65535
#: The largest number, its digits in a size, and the longest time (30 years).
_MOST = 2**63 - 1
_MOST_DIGITS = 12
_MOST_SECONDS = 1_000_000_000
_ADDRESS = re.compile(r"(?:(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]/@]+)):)?([0-9]{1,5})")
_URL = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@?#]+)(?::[0-9]{1,5})?/?")
_IN_BRACKETS = re.compile(r"\[[0-9A-Fa-f:.%\w]+\]")
#: What stands in a SecretKey when accounts were written as a list: `a:b,c:d`, or `a:b,`.
_NEXT_ACCOUNT = re.compile(r",(?:[^,:\s]+:[^,:\s]+|$)")
_AGE = re.compile(r"([0-9]{1,9})([dhms])")
_AGE_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_NONE = "none"
#: The store that ends with the process.
MEMORY = "memory"
_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}


def read_text(text: str) -> str:
    """Any text that is not empty."""
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def read_host(text: str) -> str:
    """An address of this machine, or a name of it; an IPv6 address may be in brackets."""
    host = read_text(text)
    if _IN_BRACKETS.fullmatch(host):
        return host[1:-1]
    if "," in host or " " in host:
        raise ValueError(f"{quote(text)} is not one address: give several one by one")
    if host.startswith("[") or (host.count(":") == 1 and host.partition(":")[2].isdecimal()):
        raise ValueError(f"{quote(text)} has a port: leave it to --ports or --port-offset")
    return host


def read_path(text: str) -> Path:
    """A path; `~` is the user's home."""
    try:
        return Path(read_text(text)).expanduser()
    except RuntimeError:
        raise ValueError(f"{quote(text)} names an unknown home folder: write it out") from None


def read_truth(text: str) -> bool:
    """Whether: 1, true, yes, on or 0, false, no, off, in any case."""
    truth = _TRUTHS.get(text.strip().lower())
    if truth is None:
        raise ValueError(
            f"{quote(text)} is neither yes nor no: write 1, true, yes, on or 0, false, …"
        )
    return truth


def read_integer(text: str) -> int:
    """A whole number, also a negative one."""
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{quote(text)} is no whole number, like 1000") from None
    if abs(number) > _MOST:
        raise ValueError(f"{quote(text)} is too large: {_MOST} is the most")
    return number


def read_count(text: str) -> int:
    """A whole number from 1."""
    count = read_integer(text)
    if count < 1:
        raise ValueError(f"{count} is too few: 1 is the least")
    return count


def read_seconds(text: str) -> float:
    """A time: a number of seconds over 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _MOST_SECONDS:
        sentence = f"is no number of seconds over 0 and up to {_MOST_SECONDS:,}, like 120 or 0.5"
        raise ValueError(f"{quote(text)} {sentence}")
    return seconds


def read_size(text: str) -> int:
    """A number of bytes over 0, with K, M or G for 1024 bytes and its powers."""
    digits, unit = text.strip().upper().removesuffix("B"), 1
    if digits[-1:] in _UNITS:
        digits, unit = digits[:-1], _UNITS[digits[-1]]
    if not digits.isdecimal() or len(digits) > _MOST_DIGITS or not int(digits):
        raise ValueError(f"{quote(text)} is no size over 0: write bytes, or 500K, 64M, 1G")
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
    """`memory`, or the address of a file, `sqlite:///PATH`."""
    store = read_text(text)
    if store != MEMORY:
        read_store_url(store)
    return store


def show_size(size: int) -> str:
    """Write a number of bytes the way that `read_size` reads it."""
    for unit, factor in reversed(_UNITS.items()):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def read_account(text: str) -> Account:
    """APPKEY:SECRETKEY, parted at the first colon; no error repeats the text."""
    app_key, _, secret_key = text.strip().partition(":")
    if "," in app_key or _NEXT_ACCOUNT.search(secret_key):
        raise ValueError(
            "a comma and a second APPKEY:SECRETKEY follow the first: part accounts with blanks in "
            "a variable, give --account again, or name a file (--accounts-file)"
        )
    if not app_key or not secret_key or "#" in app_key:
        raise ValueError(
            "an account is APPKEY:SECRETKEY, neither of them empty and no '#' in the AppKey"
        )
    return Account(app_key, secret_key)


def read_ports(text: str) -> dict[int, int] | Literal["auto"]:
    """`auto`, or pairs of an endpoint's port and a local one: `587=1587,465=0`."""
    if text.strip().lower() == "auto":
        return "auto"
    pairs = [pair.split("=") for pair in text.replace(",", " ").split()]
    if not all(len(pair) == 2 and all(n.isdecimal() for n in pair) for pair in pairs):  # noqa: PLR2004 - a pair
        raise ValueError(f"{quote(text)} is neither auto nor pairs of ports, like 587=1587,465=0")
    return check_ports({int(real): int(local) for real, local in pairs})


def read_address(text: str) -> tuple[str, int]:
    """HOST:PORT or a port alone, which is one of 127.0.0.1; `[::1]:8025` for IPv6."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or int(found[3]) > _HIGHEST_PORT:
        raise ValueError(
            f"{quote(text)} is neither a port nor HOST:PORT, like 8025 or 127.0.0.1:8025"
        )
    return found[1] or found[2] or "127.0.0.1", int(found[3])


def read_url(text: str) -> str:
    """The address of a server over HTTP, without a path."""
    if not _URL.fullmatch(text.strip()):
        raise ValueError(f"{quote(text)} is no address of a server, like http://127.0.0.1:8025")
    return text.strip().rstrip("/")


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """Give the reader of a word that is one of these."""
    known = tuple(names)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"{quote(text)} is none of {', '.join(known)}")
        return text

    return read
