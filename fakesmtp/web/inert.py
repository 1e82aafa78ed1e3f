"""HTML of messages without the elements that no policy of a response covers.

Chromium connects in advance for `<link>` and for frames, before it applies the policy.
"""

from __future__ import annotations

import re

#: Elements that load or connect to another document.
FRAMES = ("iframe", "frame", "frameset", "object", "embed", "portal", "fencedframe")
LINK = "link"


def make_inert(html: str, *names: str) -> str:
    """Return HTML in which elements of these names are unknown ones: `<x-link …>`."""
    return re.sub(rf"<(?=(?:{'|'.join(names)})[\s/>])", "<x-", html, flags=re.IGNORECASE)
