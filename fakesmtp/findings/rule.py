"""Rules as records: what each is called, how bad it is, where it comes from, how it is checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.errors import ConfigurationError
from fakesmtp.findings.finding import NOWHERE, Certainty, Finding, Severity
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from fakesmtp.findings.checked import CheckedSession
    from fakesmtp.findings.finding import Where
    from fakesmtp.findings.reading import MessageReading
    from fakesmtp.protocol.credentials import MailType

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NAMES = re.compile(r"\{[^{}]*\}")
#: Findings of one rule about one message or session; a message may have thousands of bad links.
MOST_HITS = 10


class Hit(NamedTuple):
    """One place where a rule is broken, and the values for the rule's texts."""

    where: Where = NOWHERE
    values: Mapping[str, object] = {}


def hit(where: Where = NOWHERE, **values: object) -> Hit:
    """Make a hit; each value fills in `{name}` in the texts of the rule."""
    return Hit(where, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all rules have.

    `id` is kebab-case and never changes. `text` (English) and `text_ko` (Korean) are one sentence
    each, with `{names}` for the values of a hit. `source` names the document with its section. A
    rule that is not `is_on` is checked only where it is switched on.

    Raises `ConfigurationError` for an `id`, `severity` or `certainty` of the wrong form.
    """

    id: str
    severity: Severity
    certainty: Certainty
    source: str
    text: str
    text_ko: str
    is_on: bool = True

    def __post_init__(self) -> None:
        if not _ID.fullmatch(str(self.id)):
            raise ConfigurationError(
                f"the id of a rule must be lower-case words with hyphens, not {quote(self.id)} "
                "(example: 'ad-phone')"
            )
        for name, kind in (("severity", Severity), ("certainty", Certainty)):
            value = getattr(self, name)
            if value not in tuple(kind):
                known = ", ".join(map(repr, map(str, kind)))
                raise ConfigurationError(
                    f"{name} of the rule {self.id!r} must be one of {known}, not {quote(value)}"
                )
            object.__setattr__(self, name, kind(value))

    @property
    def title(self) -> str:
        """The English text, with an ellipsis for each value of a hit."""
        return _NAMES.sub("…", self.text)

    @property
    def title_ko(self) -> str:
        """The Korean text, likewise."""
        return _NAMES.sub("…", self.text_ko)

    def report(self, hits: Iterable[Hit], severity: Severity | None = None) -> Iterator[Finding]:
        """Make a finding of each hit, of the first ten, with another severity where one is given.

        Raises `ConfigurationError` when a text has a name that the hit has no value for.
        """
        for where, values in islice(hits, MOST_HITS):
            yield Finding(
                self.id,
                severity or self.severity,
                self._fill_in(self.text, values),
                self._fill_in(self.text_ko, values),
                self.source,
                self.certainty,
                where,
            )

    def _fill_in(self, text: str, values: Mapping[str, object]) -> str:
        try:
            return text.format_map(values)
        except KeyError as error:
            raise ConfigurationError(
                f"a text of the rule {self.id!r} has {{{error.args[0]}}}, and its check gives no "
                "value of that name"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRule(Rule):
    """A rule about a message: `check` yields a hit for each place where it is broken.

    `mail_types` are those whose messages are checked, None for all, also for messages that came
    without a login.
    """

    check: Callable[[MessageReading], Iterable[Hit]]
    mail_types: frozenset[MailType] | None = None

    def is_about(self, mail_type: MailType | None) -> bool:
        """Whether messages of this type are checked."""
        return self.mail_types is None or mail_type in self.mail_types


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRule(Rule):
    """A rule about one session: `check` yields a hit for each time that it is broken."""

    check: Callable[[CheckedSession], Iterable[Hit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsRule(Rule):
    """A rule about sessions together, oldest first: `check` yields a hit with its last session."""

    check: Callable[[Sequence[Any]], Iterable[Hit]]
