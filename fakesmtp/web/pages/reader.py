"""Who reads the page: language, time zone, theme and keys, from cookies and the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated

from babel.core import negotiate_locale
from fastapi import Depends
from starlette.requests import Request

from fakesmtp.web.lookup import read_zone

LANGUAGES: Mapping[str, str] = {"en": "English", "ko": "한국어"}
THEMES = ("auto", "light", "dark")
#: A language and its weight.
_RANGE = re.compile(r"\s*([a-z0-9-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reader:
    """The settings of one reader.

    `zone_name` is the reader's zone as the browser calls it (`Asia/Seoul`), `""` before the browser
    has sent it: then `zone` is UTC. `has_keys` is whether keys are shortcuts (WCAG 2.2, 2.1.4).
    """

    language: str
    theme: str
    zone_name: str
    zone: tzinfo
    has_keys: bool


def read_reader(request: Request) -> Reader:
    """Read the settings of a request. Unknown values count as not set."""
    cookies = request.cookies
    zone_name = cookies.get("zone", "")
    zone = read_zone(zone_name)
    return Reader(
        language=_one_of(cookies.get("language"), LANGUAGES) or _negotiate(request),
        theme=_one_of(cookies.get("theme"), THEMES) or "auto",
        zone_name=zone_name if zone else "",
        zone=zone or UTC,
        has_keys=cookies.get("keys") != "off",
    )


#: A parameter of a route: the reader of the page.
AnyReader = Annotated[Reader, Depends(read_reader)]


def _one_of(value: str | None, known: Mapping[str, str] | tuple[str, ...]) -> str | None:
    return value if value in known else None


def _negotiate(request: Request) -> str:
    """Choose the language by `Accept-Language` (RFC 9110 §12.5.4), of any case."""
    header = request.headers.get("accept-language", "").lower()
    ranges = (_RANGE.fullmatch(each) for each in header.split(","))
    weights = {each[1]: float(each[2] or 1) for each in ranges if each}
    wanted = sorted(filter(weights.get, weights), key=weights.__getitem__, reverse=True)
    return negotiate_locale(wanted, LANGUAGES, sep="-") or "en"
