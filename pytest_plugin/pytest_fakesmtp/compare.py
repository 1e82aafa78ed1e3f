"""What an assertion says that compared mails: in what they differ, which came nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import ReceivedMail
from fakesmtp.mail.matching import Mismatch, Miss, nearest
from fakesmtp.mail.message import describe_route

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
    "listener",
)
_LISTED = 10
_SHOWN = 200
Mails = list[ReceivedMail]


def explain(operator: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison of mails or of lists of them; None for all others."""
    if isinstance(left, ReceivedMail):
        if operator == "==" and isinstance(right, ReceivedMail):
            return _explain_two(left, right)
        if operator == "in" and is_mails(right):
            return _explain_membership(left, list(right))
    if operator == "==" and is_mails(left) and is_mails(right) and (left or right):
        return _explain_lists(list(left), list(right))
    return None


def is_mails(value: object) -> TypeGuard[Mails | tuple[ReceivedMail, ...]]:
    """Whether this is a list or tuple of mails."""
    return isinstance(value, (list, tuple)) and all(isinstance(m, ReceivedMail) for m in value)


def differences(wanted: ReceivedMail, mail: ReceivedMail) -> tuple[Mismatch, ...]:
    """Give the fields in which a mail is not as wanted."""
    pairs = [(name, getattr(wanted, name), getattr(mail, name)) for name in _FIELDS]
    pairs.append(("attachments", _names(wanted), _names(mail)))
    found = [Mismatch(name, _show(one), _show(two)) for name, one, two in pairs if one != two]
    if not found and wanted.raw != mail.raw:
        found.append(Mismatch("raw", _show(wanted.raw), _show(mail.raw)))
    return tuple(found or [Mismatch("id", wanted.id, mail.id)])


def _names(mail: ReceivedMail) -> list[str | None]:
    return [attachment.filename for attachment in mail.attachments]


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"


def _explain_two(left: ReceivedMail, right: ReceivedMail) -> list[str]:
    found = differences(right, left)
    return [
        f"mail {left.id} == mail {right.id}",
        f"left:  {describe_route(left)}",
        f"right: {describe_route(right)}",
        *(f"{each.condition}: {each.actual} != {each.expected}" for each in found),
    ]


def _explain_membership(mail: ReceivedMail, mails: Mails) -> list[str]:
    lines = [f"mail {mail.id} in {_count(mails)}", f"wanted: {describe_route(mail)}"]
    return [*lines, *_list("there", mails), *_nearest_miss(mail, mails)]


def _explain_lists(left: Mails, right: Mails) -> list[str]:
    lines = [
        f"{_count(left)} == {_count(right)}",
        *_list("left", left),
        *_list("right", right),
    ]
    # Whichever stands on one side alone, and what on the other side comes nearest to it.
    for mail in right:
        if mail not in left:
            return [*lines, f"only right: {describe_route(mail)}", *_nearest_miss(mail, left)]
    for mail in left:
        if mail not in right:
            return [*lines, f"only left: {describe_route(mail)}", *_nearest_miss(mail, right)]
    return [*lines, "the same mails in another order, or some more than once"]


def _nearest_miss(wanted: ReceivedMail, mails: Mails) -> list[str]:
    miss = nearest(Miss(mail, differences(wanted, mail)) for mail in mails)
    return str(miss).splitlines() if miss else []


def _count(mails: Mails) -> str:
    return "1 mail" if len(mails) == 1 else f"{len(mails) or 'no'} mails"


def _list(name: str, mails: Mails) -> list[str]:
    lines = [f"  {describe_route(mail)}" for mail in mails[:_LISTED]]
    more = [f"  and {len(mails) - _LISTED} more"] if len(mails) > _LISTED else []
    return [f"{name}:" if lines else f"{name}: nothing", *lines, *more]
