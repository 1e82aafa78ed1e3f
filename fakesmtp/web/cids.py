"""Links of a message's HTML to parts of the same message (`cid:`, RFC 2392)."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

#: In an attribute or in a style.
_CID = re.compile(r"""(?<=["'=(\s])cid:([^"'<>()\s]+)""", re.IGNORECASE)


def replace_cids(html: str, find: Callable[[str], str | None]) -> str:
    """Return HTML with the URL that `find` returns for each Content-ID; None keeps the link."""
    return _CID.sub(lambda link: find(unquote(unescape(link[1]))) or link[0], html)
