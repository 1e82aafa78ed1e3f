"""Tags that a message brings: `X-Tags: order, 2026` in its header, as for Mailpit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.storage.tags import LONGEST_TAG, MOST_TAGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.messages import ReceivedMessage
    from fakesmtp.storage.base import Store, Ticket

_FIELD = "X-Tags"
_MARK = b"x-tags"
#: Bytes of a message in which the field is looked for before its header is read: few have it.
_SEEN = 64 * 1024


def read_tags(message: ReceivedMessage) -> list[str]:
    """Return the tags of a message's header; too long ones are cut, too many are left out."""
    raw = message.raw
    end = raw.find(b"\r\n\r\n", 0, _SEEN)
    if _MARK not in raw[: end if end >= 0 else _SEEN].lower():
        return []
    tags = (each.strip()[:LONGEST_TAG] for each in (message.header(_FIELD) or "").split(","))
    return list(filter(None, tags))[:MOST_TAGS]


def keep_tags(store: Store, message: ReceivedMessage, ticket: Ticket[int]) -> Ticket[int]:
    """Tag a message that was added; return a ticket that is done when its tags are stored too."""
    tags = read_tags(message)
    return _Tagged(ticket, store.tag([message.id], tags)) if tags else ticket


class _Tagged:
    """The ticket of a message and its tags. Only the message decides whether it has failed."""

    def __init__(self, ticket: Ticket[int], tagging: Ticket[int]) -> None:
        self._ticket = ticket
        self._tagging = tagging

    def done(self) -> bool:
        """Return whether both are done."""
        return self._ticket.done() and self._tagging.done()

    def result(self, timeout: float | None = None) -> int:
        """Return the number of the message, or raise `StoreError`."""
        self._tagging.exception(timeout)
        return self._ticket.result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return why the message could not be stored, None if it is stored."""
        self._tagging.exception(timeout)
        return self._ticket.exception(timeout)

    def add_done_callback(self, callback: Callable[[Ticket[int]], object], /) -> None:
        """Call back when both are done: a store makes its changes in order."""
        self._tagging.add_done_callback(lambda _: callback(self))
