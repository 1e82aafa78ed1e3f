"""Conditions: which messages match, and how close the others are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.errors import ConfigurationError
from fakesmtp.messages.addresses import read_addresses
from fakesmtp.messages.headers import read_header
from fakesmtp.messages.message import describe_route, same_name
from fakesmtp.messages.mistakes import check_condition, check_findings, check_text
from fakesmtp.protocol.credentials import MailType
from fakesmtp.sessions.session import rules_of
from fakesmtp.text import quote, quote_both, shorten

if TYPE_CHECKING:
    from typing import Unpack

    from fakesmtp.findings.rules import Rules
    from fakesmtp.messages.keywords import MessageConditions
    from fakesmtp.messages.message import ReceivedMessage

    #: Makes a function of a search.
    Matcher = Callable[[str], Callable[[ReceivedMessage], bool]]

_SHOWN = 200
# Comparing texts is slow; this many candidates are enough.
_COMPARED = 50
Values = tuple[object, ...]


class Mismatch(NamedTuple):
    """A condition that does not hold, as texts: `subject`, `'Welcome'`, `'Welcom'`."""

    condition: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.condition}: expected {self.expected}, was {self.actual}"

    @property
    def likeness(self) -> float:
        """The similarity of the two values, 0 to 1."""
        return SequenceMatcher(None, self.expected, self.actual).ratio()


class _Kind(NamedTuple):
    """What a condition looks at, and when a value of the message equals the expected one."""

    values: Callable[[ReceivedMessage], Values]
    equal: Callable[[object, object], bool]


class _Check(NamedTuple):
    name: str
    kind: _Kind
    expected: object


class Conditions:
    """Conditions on a message that must all hold: `Conditions(to="a@example.com", subject="Hi")`.

    | condition | compares | a `str` means |
    |---|---|---|
    | `to` | recipients of the envelope, addresses in To and Cc | this address |
    | `from_`, `sender` | sender of the envelope, addresses in From | this address |
    | `mail_from`, `rcpt_tos`, `cc` | envelope, envelope, Cc header | this address |
    | `subject` | the decoded subject | exactly this |
    | `body` | the text, and the text that the HTML shows | contains this |
    | `text`, `html`, `html_text` | this attribute | contains this |
    | `mail_type` | `normal`, `auth` or `ad` | this type |
    | `attachment` | names of attachments, and of bodies that have one | a file of this name |
    | `links` | `ReceivedMessage.links` | this URL |
    | `findings` | `ReceivedMessage.findings` | a finding of the rule of this name |
    | `headers={"X-Id": …}` | the header fields of these names | exactly this |
    | `tls` | `ReceivedMessage.tls`; with `True` or `False`: whether the message came over TLS | |
    | `search` | the message in its store, when it arrives | a search of docs/store.md |
    | any other attribute | its value | exactly this |

    The domain of an address is compared in any case (RFC 5321 §2.4). Text that is not an address is
    a value with the marker `[cannot be read as an address]`. Instead of a value, a condition can be
    a compiled pattern, which is searched, or a callable, which gets the value; its exceptions are
    raised to the caller. If a message has several values, one match is enough; a list requires a
    match for each of its items. `None` requires that there is no value. Raises `ConfigurationError`
    for an unknown name, also of a rule. `matcher` makes a function of a search; an inbox has one.
    `rules` returns those that check the messages, by default the default rules.
    """

    def __init__(
        self,
        matcher: Matcher | None = None,
        rules: Callable[[], Rules] = rules_of,
        /,
        **expected: Unpack[MessageConditions],
    ) -> None:
        if "findings" in expected:
            check_findings(expected["findings"], rules())
        self._checks = tuple(
            check
            for name, value in expected.items()
            for check in (
                [_make_search(value, matcher)] if name == "search" else _make_checks(name, value)
            )
        )

    def __str__(self) -> str:
        described = (f"{check.name}={_describe(check.expected)}" for check in self._checks)
        return ", ".join(described) or "any message"

    def __repr__(self) -> str:
        return f"<Conditions {self}>"

    def matches(self, message: ReceivedMessage) -> bool:
        """Whether all conditions hold."""
        return all(_holds(check, check.kind.values(message)) for check in self._checks)

    def mismatches(self, message: ReceivedMessage) -> tuple[Mismatch, ...]:
        """Return the conditions that do not hold; none means that the message matches."""
        read = ((check, check.kind.values(message)) for check in self._checks)
        return tuple(
            Mismatch(check.name, *_describe_both(check.expected, values))
            for check, values in read
            if not _holds(check, values)
        )


class Miss(NamedTuple):
    """A message that does not match, and the reasons."""

    message: ReceivedMessage
    mismatches: tuple[Mismatch, ...]

    def __str__(self) -> str:
        lines = [f"nearest miss: {describe_route(self.message)}", *map(str, self.mismatches)]
        return "\n  ".join(lines)

    @property
    def distance(self) -> tuple[int, float]:
        """The sort key of closeness: fewer mismatches first, then more similar values."""
        return len(self.mismatches), -sum(each.likeness for each in self.mismatches)


def nearest(misses: Iterable[Miss]) -> Miss | None:
    """Return the closest miss, of equal ones the newest; None if there is none."""
    newest_first = list(misses)[::-1]
    newest_first.sort(key=lambda miss: len(miss.mismatches))
    return min(newest_first[:_COMPARED], key=lambda miss: miss.distance, default=None)


def nearest_miss(conditions: Conditions, messages: Iterable[ReceivedMessage]) -> str:
    """Describe the closest message that does not match, in a block of lines.

    Return `""` if all messages match.
    """
    misses = (Miss(message, conditions.mismatches(message)) for message in messages)
    return str(nearest(miss for miss in misses if miss.mismatches) or "")


# -- one condition ---------------------------------------------------------------------------------


def _holds(check: _Check, values: Values) -> bool:
    expected = check.expected
    if expected is None:
        return not values
    if _one_fits(check.kind, expected, values):
        return True
    if not isinstance(expected, (list, tuple, set, frozenset)):
        return False
    return all(_one_fits(check.kind, each, values) for each in expected) if expected else not values


def _one_fits(kind: _Kind, expected: object, values: Values) -> bool:
    if isinstance(expected, re.Pattern):
        return any(expected.search(_searchable(value, expected)) for value in values)
    if callable(expected):
        return any(expected(value) for value in values)
    return any(kind.equal(expected, value) for value in values)


def _searchable(value: object, pattern: re.Pattern[str] | re.Pattern[bytes]) -> str | bytes:
    """Return the value as the pattern searches it; a byte becomes one character."""
    if isinstance(pattern.pattern, bytes):
        return value if isinstance(value, bytes) else str(value).encode()
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _describe_both(expected: object, values: Values) -> tuple[str, str]:
    if isinstance(expected, str | bytes) and len(values) == 1 and type(values[0]) is type(expected):
        return quote_both(expected, values[0], _SHOWN)
    return _describe(expected), _describe_all(values)


def _describe_all(values: Values) -> str:
    shown = ", ".join(_describe(value) for value in values[:10])
    return shorten(shown, _SHOWN) or "none"


def _describe(value: object) -> str:
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    if isinstance(value, MailType):
        value = value.value
    if callable(value):
        return f"<{getattr(value, '__qualname__', type(value).__name__)}>"
    return repr(shorten(value, _SHOWN)) if isinstance(value, str) else shorten(repr(value), _SHOWN)


# -- table of conditions ---------------------------------------------------------------------------


def _same(expected: object, value: object) -> bool:
    return bool(expected == value)


def _contains(expected: object, value: object) -> bool:
    return isinstance(expected, str) and isinstance(value, str) and expected in value


def _same_address(expected: object, value: object) -> bool:
    return _canonical(expected) == _canonical(value)


def _canonical(address: object) -> object:
    local, at, domain = str(address).strip().rpartition("@")
    return local + at + domain.lower()


def _same_file(expected: object, value: object) -> bool:
    return same_name(str(expected), str(value))


def _same_rule(expected: object, finding: Any) -> bool:  # noqa: ANN401 - a Finding
    return bool(expected in (finding, finding.rule))


def _addresses(message: ReceivedMessage, *names: str) -> tuple[str, ...]:
    fields = (value for name, value in read_header(message.raw).fields if name.lower() in names)
    return tuple(address for value in fields for address in read_addresses(value))


def _unique(values: Iterable[object]) -> Values:
    return tuple(dict.fromkeys(values))


def _present(*values: object) -> Values:
    return tuple(value for value in values if value is not None)


def _attribute(name: str) -> _Kind:
    def values(message: ReceivedMessage) -> Values:
        return _present(getattr(message, name))

    return _Kind(values, _same)


def _header(name: str) -> _Kind:
    def values(message: ReceivedMessage) -> Values:
        return tuple(value for each, value in message.headers if each.lower() == name.lower())

    return _Kind(values, _same)


_SENDER = _Kind(
    lambda message: _unique([message.mail_from, *_addresses(message, "from")]), _same_address
)
_KINDS: Mapping[str, _Kind] = {
    "to": _Kind(
        lambda message: _unique([*message.rcpt_tos, *_addresses(message, "to", "cc")]),
        _same_address,
    ),
    "from_": _SENDER,
    "sender": _SENDER,
    "mail_from": _Kind(lambda message: (message.mail_from,), _same_address),
    "rcpt_tos": _Kind(lambda message: message.rcpt_tos, _same_address),
    "cc": _Kind(lambda message: _unique(_addresses(message, "cc")), _same_address),
    "body": _Kind(lambda message: _present(message.text, message.html_text), _contains),
    "text": _Kind(lambda message: _present(message.text), _contains),
    "html": _Kind(lambda message: _present(message.html), _contains),
    "html_text": _Kind(lambda message: _present(message.html_text), _contains),
    "attachment": _Kind(
        lambda message: tuple(a.filename or "" for a in message.contents.files), _same_file
    ),
    "attachments": _Kind(lambda message: message.attachments, _same),
    "links": _Kind(lambda message: message.links, _same),
    "findings": _Kind(lambda message: message.findings, _same_rule),
    **{
        name: _attribute(name)
        for name in (
            "app_key",
            "contents",
            "dropped_lines",
            "envelope",
            "id",
            "port",
            "login",
            "mail_type",
            "parsed",
            "raw",
            "received_at",
            "session",
            "session_id",
            "subject",
            "tls",
        )
    },
}


#: The names of all conditions.
CONDITIONS = tuple(sorted([*_KINDS, "headers", "search"]))


def _make_search(text: object, matcher: Matcher | None) -> _Check:
    if not isinstance(text, str):
        raise ConfigurationError(
            f"search must be a text, not {quote(text)} (example: 'subject:주문 has:attachment')"
        )
    if matcher is None:
        raise ConfigurationError("search needs a store: use it with an inbox (`wait_for`, `take`)")
    matches = matcher(text)

    def values(message: ReceivedMessage) -> Values:
        return (text if matches(message) else repr(message),)

    return _Check("search", _Kind(values, _same), text)


def _make_checks(name: str, expected: object) -> list[_Check]:
    if name == "headers":
        if not isinstance(expected, Mapping):
            message = f"headers must be a mapping of names to conditions, not {expected!r}"
            raise ConfigurationError(message)
        for each, value in expected.items():
            check_text(f"header {each}", value)
        return [_Check(f"header {each}", _header(each), expected[each]) for each in expected]
    check_condition(name, expected, CONDITIONS)
    if name == "tls" and isinstance(expected, bool):
        expected = bool if expected else None
    return [_Check(name, _KINDS[name], expected)]
