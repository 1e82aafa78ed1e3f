"""Conditions that never hold: unknown names, and values that no message can have.

Such a condition would let `expect_none` pass. Each error says what would be right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.credentials import check_mail_type
from fakesmtp.protocol.nhn import ENDPOINT_PORTS
from fakesmtp.text import nearest_name, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fakesmtp.findings.rules import Rules

#: Conditions that compare texts.
_TEXTS = {
    *("to", "from_", "sender", "mail_from", "rcpt_tos", "cc", "subject", "app_key", "session_id"),
    *("body", "text", "html", "html_text", "attachment", "links", "id", "mail_type"),
}
#: Names of conditions in other libraries.
_OTHER_NAMES = {
    **dict.fromkeys(("recipient", "recipients", "rcpt", "bcc"), "to"),
    **dict.fromkeys(("account", "user", "username"), "app_key"),
    **dict.fromkeys(("message_id", "reply_to"), "headers"),
    **dict.fromkeys(("count", "limit"), "wait_for_count"),
    "timeout": "within",
    "within": "timeout",
    "rcpt_to": "rcpt_tos",
    "from_addr": "from_",
    "from_email": "from_",
    "title": "subject",
    "content": "body",
    "message": "body",
    "type": "mail_type",
    "header": "headers",
    "file": "attachment",
    "filename": "attachment",
    "link": "links",
    "url": "links",
}


class _Mistake(NamedTuple):
    """Values with which a condition never holds, and what would be right."""

    is_one: Callable[[object], bool]
    right: str


_MISTAKES = {
    "port": _Mistake(
        lambda value: isinstance(value, str | int) and value not in {0, *ENDPOINT_PORTS},
        f"a port of the endpoint ({', '.join(map(str, ENDPOINT_PORTS))})",
    ),
    "raw": _Mistake(lambda value: isinstance(value, str), "bytes"),
    "tls": _Mistake(
        lambda value: isinstance(value, str), "True, False or a function of `ReceivedMessage.tls`"
    ),
}


def check_condition(name: str, expected: object, known: Sequence[str]) -> None:
    """Raise `ConfigurationError` for a name that is not known, and for a value that is wrong."""
    if name not in known:
        raise ConfigurationError(_explain_unknown(name, known))
    if name in _TEXTS:
        check_text(name, expected)
    if name == "mail_type" and isinstance(expected, str):
        check_mail_type(expected)
    wrong = _MISTAKES.get(name)
    if wrong is not None and wrong.is_one(expected):
        raise ConfigurationError(f"{name} must be {wrong.right}, not {quote(expected)}")


def check_text(name: str, expected: object) -> None:
    """Raise `ConfigurationError` for a condition that matches no text."""
    if not _is_about_text(expected):
        raise ConfigurationError(
            f"{name} must be a text, a compiled regular expression of text, a function, or a list "
            f"of these, not {quote(expected)}"
        )


def check_findings(expected: object, rules: Rules) -> None:
    """Raise `ConfigurationError` for the id of a rule that no message can break."""
    # Not by `isinstance`: a finding is a tuple, too.
    several = expected if type(expected) in {list, tuple, set, frozenset} else (expected,)
    ids = [each for each in cast("Iterable[object]", several) if isinstance(each, str)]
    rules.check_ids(ids, of_messages=True)


def _is_about_text(expected: object) -> bool:
    several = expected if isinstance(expected, list | tuple | set | frozenset) else (expected,)
    return all(
        each is None
        or callable(each)
        or isinstance(each, str)
        or (isinstance(each, re.Pattern) and isinstance(each.pattern, str))
        for each in several
    )


def _explain_unknown(name: str, known: Sequence[str]) -> str:
    near = nearest_name(name, known, _OTHER_NAMES)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"unknown condition {name!r}{hint} (known: {', '.join(known)})"
