"""`Rules`: which rules are checked, how severe each is, and checking them."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from fakesmtp.errors import ConfigurationError
from fakesmtp.findings.catalogue import RULES, VERSION, installed_rules
from fakesmtp.findings.finding import Finding, Severity
from fakesmtp.findings.rule import MessageRule, Rule, SessionRule, SessionsRule
from fakesmtp.protocol.credentials import MailType
from fakesmtp.text import nearest_name, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fakesmtp.findings.checked import CheckedSession
    from fakesmtp.findings.reading import MessageReading


_R = TypeVar("_R", bound=Rule)


class Level(StrEnum):
    """What becomes of a rule."""

    #: It is not checked.
    OFF = "off"
    #: It is checked, with its own severity.
    ON = "on"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    #: A server refuses messages that break it; they are errors.
    REJECT = "reject"


_WORST_FIRST = tuple(Severity)
_SEVERITIES: Mapping[Level, Severity] = {
    Level.INFO: Severity.INFO,
    Level.WARNING: Severity.WARNING,
    Level.ERROR: Severity.ERROR,
    Level.REJECT: Severity.ERROR,
}


class Rules:
    """A choice of rules.

    `levels` changes the level of rules by their ids; all others have their own. `rules` are those
    to choose from, by default all of this environment: those of fakesmtp, and those of entry
    points of the group `fakesmtp.findings`.

    Raises `ConfigurationError` for an unknown rule or level, for two rules of one id, and for a
    level `reject` of a rule that is not about messages.
    """

    def __init__(
        self, levels: Mapping[str, str] | None = None, rules: Iterable[Rule] | None = None
    ) -> None:
        self.all = tuple(installed_rules() if rules is None else rules)
        self._by_id = {rule.id: rule for rule in self.all}
        if len(self._by_id) < len(self.all):
            ids = [rule.id for rule in self.all]
            twice = next(each for each in ids if ids.count(each) > 1)
            raise ConfigurationError(f"two rules have the id {twice!r}; give each its own")
        self.levels = {
            rule_id: self._check_level(rule_id, level) for rule_id, level in (levels or {}).items()
        }
        messages = tuple(self._active(MessageRule))
        #: By mail type, None for messages that came without a login.
        self._of_messages = {
            mail_type: tuple(each for each in messages if each[0].is_about(mail_type))
            for mail_type in (*MailType, None)
        }
        self._of_sessions = tuple(self._active(SessionRule))
        self._of_all_sessions = tuple(self._active(SessionsRule))

    @property
    def version(self) -> str:
        """The version of what is checked: that of fakesmtp's rules, and a digest of changes."""
        own = sorted(rule.id for rule in self.all if rule not in RULES)
        changes = ",".join(sorted(f"{name}={level}" for name, level in self.levels.items()) + own)
        if not changes:
            return str(VERSION)
        from hashlib import sha256  # noqa: PLC0415 - lazily: most rules are unchanged

        return f"{VERSION}+{sha256(changes.encode()).hexdigest()[:8]}"

    @property
    def rejects(self) -> bool:
        """Whether a server is to refuse messages that break some rule."""
        return Level.REJECT in self.levels.values()

    def changed(self, levels: Mapping[str, str]) -> Rules:
        """Return these rules with other levels for some."""
        return Rules({**self.levels, **levels}, self.all)

    def __repr__(self) -> str:
        return f"Rules({dict(self.levels)!r})"

    # -- checking ------------------------------------------------------------------------------

    def check_message(self, message: MessageReading) -> tuple[Finding, ...]:
        """Return the findings about a message, the most severe first."""
        return _sort(self._check_message(message, self._of_messages[message.mail_type]))

    def find_refusal(self, message: MessageReading) -> Finding | None:
        """Return the first finding for which a server refuses a message, None for none."""
        rejecting = (
            (rule, severity)
            for rule, severity in self._of_messages[message.mail_type]
            if self.levels.get(rule.id) is Level.REJECT
        )
        return next(self._check_message(message, rejecting), None)

    def check_session(self, session: CheckedSession) -> tuple[Finding, ...]:
        """Return the findings about a session by itself, the most severe first."""
        return _sort(
            finding
            for rule, severity in self._of_sessions
            for finding in rule.report(rule.check(session), severity)
        )

    def check_sessions(self, sessions: Sequence[CheckedSession]) -> tuple[Finding, ...]:
        """Return the findings about sessions together, which no session has by itself."""
        return _sort(
            finding
            for rule, severity in self._of_all_sessions
            for finding in rule.report(rule.check(sessions), severity)
        )

    def _active(self, kind: type[_R]) -> Iterator[tuple[_R, Severity | None]]:
        for rule in self.all:
            level = self._level(rule)
            if isinstance(rule, kind) and level is not Level.OFF:
                yield rule, _SEVERITIES.get(level)

    def _level(self, rule: Rule) -> Level:
        return self.levels.get(rule.id, Level.ON if rule.is_on else Level.OFF)

    @staticmethod
    def _check_message(
        message: MessageReading, rules: Iterable[tuple[MessageRule, Severity | None]]
    ) -> Iterator[Finding]:
        for rule, severity in rules:
            # Most rules find nothing: this takes half the time of a generator of no findings.
            hits = iter(rule.check(message))
            if (first := next(hits, None)) is not None:
                yield from rule.report(chain((first,), hits), severity)

    # -- reading levels ------------------------------------------------------------------------

    def check_ids(self, ids: Iterable[str], *, of_messages: bool = False) -> None:
        """Raise `ConfigurationError` for an id that no rule has.

        With `of_messages` also for a rule that no message can break: it is off, or about sessions.
        """
        for each in ids:
            if each not in self._by_id:
                raise ConfigurationError(self._explain_unknown(each))
            if of_messages:
                self._check_messages_have(self._by_id[each])

    def _check_messages_have(self, rule: Rule) -> None:
        if not isinstance(rule, MessageRule):
            raise ConfigurationError(
                f"the rule {rule.id!r} is about sessions, so no message has a finding of it; look "
                "at the findings of sessions instead"
            )
        if self._level(rule) is Level.OFF:
            raise ConfigurationError(
                f"the rule {rule.id!r} is off, so no message has a finding of it; switch it on "
                f"(example: FakeSMTP(findings={{{rule.id!r}: 'on'}}))"
            )

    def _check_level(self, rule_id: str, level: str) -> Level:
        self.check_ids([rule_id])
        if level not in tuple(Level):
            known = ", ".join(map(str, Level))
            raise ConfigurationError(
                f"the level of the rule {rule_id!r} must be one of {known}, not {quote(level)}"
            )
        if level == Level.REJECT and not isinstance(self._by_id[rule_id], MessageRule):
            raise ConfigurationError(
                f"the rule {rule_id!r} is about sessions and cannot be 'reject': only rules about "
                "messages can"
            )
        return Level(level)

    def _explain_unknown(self, rule_id: object) -> str:
        near = nearest_name(rule_id, self._by_id)
        hint = f"; did you mean {near!r}?" if near else "."
        return f"there is no rule {quote(rule_id)}{hint} The rules are {', '.join(self._by_id)}"


def _sort(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda each: _WORST_FIRST.index(each.severity)))


@cache
def default_rules() -> Rules:
    """Return all rules of this environment, each as severe as it is by itself."""
    return Rules()


def read_severity(text: str) -> Severity:
    """Read the name of a severity; raises `ConfigurationError` for another text."""
    if text not in tuple(Severity):
        known = ", ".join(map(repr, map(str, Severity)))
        raise ConfigurationError(f"severity must be one of {known}, not {quote(text)}")
    return Severity(text)


def read_levels(words: Iterable[str]) -> dict[str, str]:
    """Read words of the form `rule=level`.

    Raises `ConfigurationError` for a word of another form. `Rules` checks both names.
    """
    pairs = [word.partition("=") for word in words]
    for rule_id, equals, level in pairs:
        if not (rule_id and equals and level):
            word = quote(f"{rule_id}{equals}{level}")
            raise ConfigurationError(
                f"{word} is not of the form rule=level (example: ad-subject-prefix=reject); the "
                f"levels are {', '.join(map(str, Level))}"
            )
    return {rule_id.strip(): level.strip() for rule_id, _, level in pairs}
