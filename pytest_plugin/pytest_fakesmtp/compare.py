"""Explain failed comparisons of messages: the fields that differ, the nearest miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import ReceivedMessage
from fakesmtp.messages.matching import Mismatch, Miss, nearest
from fakesmtp.messages.message import describe_route
from fakesmtp.text import plural, quote_both

if TYPE_CHECKING:
    from typing import TypeGuard

_FIELDS = (
    "mail_from",
    "rcpt_tos",
    "from_",
    "to",
    "cc",
    "subject",
    "text",
    "html",
    "mail_type",
    "app_key",
    "port",
)
_LISTED = 10
_SHOWN = 200
Messages = list[ReceivedMessage]


def explain(operator: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison of messages or of lists of them; None for all others."""
    if isinstance(left, ReceivedMessage):
        if operator == "==" and isinstance(right, ReceivedMessage):
            return _explain_two(left, right)
        if operator == "in" and is_messages(right):
            return _explain_membership(left, list(right))
    if operator == "==" and is_messages(left) and is_messages(right) and (left or right):
        return _explain_lists(list(left), list(right))
    return None


def is_messages(value: object) -> TypeGuard[Messages | tuple[ReceivedMessage, ...]]:
    """Whether this is a list or tuple of messages."""
    return isinstance(value, (list, tuple)) and all(isinstance(m, ReceivedMessage) for m in value)


def differences(wanted: ReceivedMessage, message: ReceivedMessage) -> tuple[Mismatch, ...]:
    """Return the fields in which a message differs from the wanted one."""
    pairs = [(name, getattr(wanted, name), getattr(message, name)) for name in _FIELDS]
    pairs.append(("attachments", _names(wanted), _names(message)))
    found = [
        Mismatch(name, *quote_both(one, two, _SHOWN)) for name, one, two in pairs if one != two
    ]
    if not found and wanted.raw != message.raw:
        found.append(Mismatch("raw", *quote_both(wanted.raw, message.raw, _SHOWN)))
    return tuple(found or [Mismatch("id", wanted.id, message.id)])


def _names(message: ReceivedMessage) -> list[str | None]:
    return [attachment.filename for attachment in message.attachments]


def _explain_two(left: ReceivedMessage, right: ReceivedMessage) -> list[str]:
    found = differences(right, left)
    return [
        f"message {left.id} == message {right.id}",
        f"left:  {describe_route(left)}",
        f"right: {describe_route(right)}",
        *(f"{each.condition}: {each.actual} != {each.expected}" for each in found),
    ]


def _explain_membership(message: ReceivedMessage, messages: Messages) -> list[str]:
    lines = [f"message {message.id} in {_count(messages)}", f"wanted: {describe_route(message)}"]
    return [*lines, *_list("there", messages), *_nearest_miss(message, messages)]


def _explain_lists(left: Messages, right: Messages) -> list[str]:
    lines = [
        f"{_count(left)} == {_count(right)}",
        *_list("left", left),
        *_list("right", right),
    ]
    # Whichever stands on one side alone, and what on the other side comes nearest to it.
    for message in right:
        if message not in left:
            return [*lines, f"only right: {describe_route(message)}", *_nearest_miss(message, left)]
    for message in left:
        if message not in right:
            return [*lines, f"only left: {describe_route(message)}", *_nearest_miss(message, right)]
    return [*lines, "the same messages in another order, or some more than once"]


def _nearest_miss(wanted: ReceivedMessage, messages: Messages) -> list[str]:
    miss = nearest(Miss(message, differences(wanted, message)) for message in messages)
    return str(miss).splitlines() if miss else []


def _count(messages: Messages) -> str:
    return plural(len(messages), "message") if messages else "no messages"


def _list(name: str, messages: Messages) -> list[str]:
    lines = [f"  {describe_route(message)}" for message in messages[:_LISTED]]
    more = [f"  and {len(messages) - _LISTED} more"] if len(messages) > _LISTED else []
    return [f"{name}:" if lines else f"{name}: nothing", *lines, *more]
