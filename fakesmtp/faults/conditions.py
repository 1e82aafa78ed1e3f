"""Conditions of a rule: for which clients and messages it applies."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.faults.stages import (
    AFTER_AUTH,
    AFTER_EHLO,
    EVERY_STAGE,
    WITH_RECIPIENTS,
    WITH_SENDER,
    WITH_TLS,
    Stage,
)
from fakesmtp.faults.values import (
    check_count,
    check_flag,
    check_headers,
    check_pattern,
    check_port,
    check_size,
    is_regex,
    one_of,
)
from fakesmtp.protocol.credentials import MailType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.values import Check

    Test = Callable[[Facts], bool]


class Condition(NamedTuple):
    """A condition: the check of its value, its test, the stages at which it is known, its text."""

    check: Check
    #: Returns the test of a value.
    make_test: Callable[[Any], Test]
    stages: frozenset[Stage]
    #: Returns the part of a sentence that explains a value.
    explain: Callable[[Any], str]


#: Length of the part of a text that a regular expression sees, in characters. Some expressions take
#: quadratic time or worse, and the server does nothing else meanwhile.
_LONGEST_SEEN = 1_000


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    if is_regex(pattern):
        return re.compile(pattern[1:-1])
    # Case is not significant in a domain (RFC 5321 §2.4), and rarely in a subject.
    return re.compile(rf"\A{translate(pattern)}", re.IGNORECASE)


def _matches(pattern: str, texts: Iterable[str | None]) -> bool:
    """Whether a glob matches one of the texts, or a regular expression is found in one.

    A regular expression sees the first 1,000 characters of each text.
    """
    compiled = _compile(pattern)
    seen = _LONGEST_SEEN if is_regex(pattern) else None
    return any(text is not None and compiled.search(text[:seen]) for text in texts)


def _text(get: Callable[[Facts], Iterable[str | None]]) -> Callable[[str], Test]:
    return lambda pattern: lambda facts: _matches(pattern, get(facts))


def _same(get: Callable[[Facts], object]) -> Callable[[object], Test]:
    return lambda value: lambda facts: get(facts) == value


def _above(get: Callable[[Facts], int]) -> Callable[[int], Test]:
    return lambda limit: lambda facts: get(facts) > limit


def _has_headers(wanted: tuple[tuple[str, str], ...]) -> Test:
    return lambda facts: all(
        _matches(pattern, (value for key, value in facts.headers if key.lower() == name.lower()))
        for name, pattern in wanted
    )


def _explain_headers(wanted: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"with header {name}: {pattern}" for name, pattern in wanted)


#: By name, in the order in which they are best read.
CONDITIONS: Mapping[str, Condition] = {
    "app_key": Condition(
        check_pattern, _text(lambda facts: (facts.app_key,)), AFTER_AUTH, "for AppKey {}".format
    ),
    "mail_type": Condition(
        one_of([str(mail_type) for mail_type in MailType]),
        _same(lambda facts: facts.mail_type),
        AFTER_AUTH,
        "for mail type {}".format,
    ),
    "port": Condition(
        check_port, _same(lambda facts: facts.port), EVERY_STAGE, "on port {}".format
    ),
    "tls": Condition(
        check_flag,
        _same(lambda facts: facts.tls),
        WITH_TLS,
        lambda tls: "over TLS" if tls else "in plaintext",
    ),
    "ehlo": Condition(
        check_pattern, _text(lambda facts: (facts.ehlo,)), AFTER_EHLO, "after EHLO {}".format
    ),
    "sender": Condition(
        check_pattern, _text(lambda facts: (facts.sender,)), WITH_SENDER, "from {}".format
    ),
    "to": Condition(
        check_pattern, _text(lambda facts: facts.recipients), WITH_RECIPIENTS, "to {}".format
    ),
    "subject": Condition(
        check_pattern,
        _text(lambda facts: facts.subjects),
        frozenset({Stage.END_OF_DATA}),
        "with subject {}".format,
    ),
    "headers": Condition(
        check_headers, _has_headers, frozenset({Stage.END_OF_DATA}), _explain_headers
    ),
    "over_recipients": Condition(
        check_count,
        _above(lambda facts: facts.accepted + 1),
        frozenset({Stage.RCPT}),
        "above {} recipients".format,
    ),
    "over_connections": Condition(
        check_count,
        _above(lambda facts: facts.connections()),
        frozenset({Stage.CONNECT, Stage.GREETING}),
        "above {} open connections".format,
    ),
    "over_size": Condition(
        check_count,
        _above(lambda facts: len(facts.message or b"")),
        frozenset({Stage.END_OF_DATA}),
        "above {} bytes".format,
    ),
    "after_bytes": Condition(
        check_size,
        _same(lambda facts: facts.body_bytes),
        frozenset({Stage.DATA_BODY}),
        "after {} bytes".format,
    ),
}
