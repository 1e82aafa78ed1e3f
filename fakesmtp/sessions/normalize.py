"""Replace values that change from run to run in the lines of a session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fakesmtp.sessions.contents import Phase
from fakesmtp.sessions.events import ClientLine, MessageData, ServerReply

if TYPE_CHECKING:
    from fakesmtp.sessions.base import BaseSession
    from fakesmtp.sessions.events import Event

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
#: Patterns and their replacements. The order matters: a date contains numbers.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (
            rf"(?:{_DAY}, )?\d{{1,2}} {_MONTH} \d{{4}} \d\d:\d\d:\d\d(?: [+-]\d{{4}}| GMT)?",
            "{date}",
        ),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", "{date}"),
        (r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b", "{id}"),
        # smtplib's spelling depends on Python: since 3.13 it is lower case.
        (r"(?i)^mail from:", "mail FROM:"),
        (r"(?i)^rcpt to:", "rcpt TO:"),
        (r"(?i)message-id: *<[^>\s]*>", "Message-ID: <{id}>"),
        (r"(?<=AppKey=)[^\s*]\S*", "{key}"),
        (r"(?<=AppKey )'[^\s']+'", "{key}"),
        (r"(?i)\bSIZE=\d+", "SIZE={size}"),
        (r"(?<!\w)\[?(?:\d{1,3}\.){3}\d{1,3}\]?(?::\d+)?(?![\w.])", "{address}"),
        (r"(?i)\[(?:IPv6:)?[0-9a-f]*:[0-9a-f:.%]*\](?::\d+)?", "{address}"),
        (r"(?i)\blocalhost:\d+", "{address}"),
    )
)
_MESSAGE = "(message data)"


class Normalizer:
    """Normalizes the events of one session.

    The client's name in EHLO is the name of its machine, so it is replaced, too.
    """

    def __init__(self, session: BaseSession) -> None:
        self._client: str | None = None
        self._own = [(session.id, "{session}"), (session.peer, "{address}")]

    def apply(self, event: Event) -> str:
        """Return the event's text without values that change."""
        if isinstance(event, MessageData):
            return _MESSAGE
        text = self._hello(event) if event.phase is Phase.HELLO else event.text
        for own, name in self._own:
            text = text.replace(own, name)
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
        return text

    def _hello(self, event: Event) -> str:
        if isinstance(event, ClientLine) and not event.masked:
            verb, space, self._client = event.text.partition(" ")
            return f"{verb}{space}{{client}}" if self._client else event.text
        if isinstance(event, ServerReply) and self._client:
            return event.text.replace(f"Hello {self._client} ", "Hello {client} ", 1)
        return event.text
