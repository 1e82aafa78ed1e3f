"""A `Rule`: where, for whom, when, what. Checked when it is made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from fnmatch import translate
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypeVar

from fakesmtp.faults.checks import CHECKS, is_regex
from fakesmtp.faults.words import (
    ANSWERED,
    IMPLIED,
    KNOWN_AT,
    PARAMETERS,
    PLACES,
    REPLACING,
    Parameters,
    RuleError,
    What,
    Where,
    list_places,
    suggest,
)
from fakesmtp.protocol.reply import Reply
from fakesmtp.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fakesmtp.faults.facts import Facts

_Word = TypeVar("_Word", Where, What)
#: A name is written into a session each time its rule strikes.
_LONGEST_NAME = 200
_ALL_PARAMETERS = sorted(
    {word for each in PARAMETERS.values() for word in (*each.needed, *each.allowed)}
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One planned fault. The words are those of a file, with `_` for `-`.

    Texts of *who* are globs in any case (`*@blocked.example`), or regular expressions between
    slashes. *When* is counted in the moments that *where* and *who* fit: the `nth`, the first
    `times` that the rule strikes, `every` so many, only `after` so many, `between` two numbers of
    seconds since the rules were loaded or two times of the day, with a `probability` under a
    `seed`; `per` says for what it is counted. Sizes are bytes, times are seconds.

    Raises `RuleError`, a `ConfigurationError`, for what cannot be.
    """

    where: str
    what: str = ""
    name: str = ""

    app_key: str | None = None
    mail_type: str | None = None
    port: int | None = None
    tls: bool | None = None
    ehlo: str | None = None
    sender: str | None = None
    to: str | None = None
    subject: str | None = None
    headers: Mapping[str, str] | tuple[tuple[str, str], ...] | None = None

    nth: int | None = None
    times: int | None = None
    every: int | None = None
    after: int | None = None
    between: tuple[float, float] | tuple[str, str] | None = None
    probability: float | None = None
    seed: int | str | None = None
    per: str | None = None
    over_rate: int | None = None
    over_recipients: int | None = None
    over_connections: int | None = None
    over_size: int | None = None
    after_bytes: int | None = None

    reply: str | None = None
    close: bool | None = None
    seconds: float | None = None
    bytes_per_second: float | None = None
    certificate: str | None = None

    #: Where the rule was written: `faults.toml:3`.
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        self._set("where", _read_word(Where, "where", self.where))
        for word, value in self.given.items():
            self._set(word, _check(word, value))
        self._set("what", _read_word(What, "what", self.what or self._imply()))
        if self.where is Where.DATA_BODY and self.after_bytes is None:
            self._set("after_bytes", 0)
        self._check_place()
        self._check_parameters()
        self._check_luck()
        self._set("name", _read_name(self.name) or f"{self.what} at {self.where}")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # what is written is what is kept, but checked

    @property
    def given(self) -> dict[str, object]:
        """The words that were written, but `where`, `what` and `name`."""
        values = {word: getattr(self, word) for word in CHECKS}
        return {word: value for word, value in values.items() if value is not None}

    # -- checks ------------------------------------------------------------------------------------

    def _imply(self) -> str:
        implied = [what for word, what in IMPLIED.items() if getattr(self, word) is not None]
        if len(implied) == 1:
            return implied[0]
        raise RuleError(f"what happens? say `what`: it is one of {', '.join(What)}", "what")

    def _check_place(self) -> None:
        what, where = What(self.what), Where(self.where)
        if where not in PLACES[what]:
            can = list_places(PLACES[what])
            raise RuleError(f"{what} cannot be at {where}: it can be at {can}", "where")
        for word in self.given:
            known = KNOWN_AT.get(word)
            if known is not None and where not in known:
                at = list_places(known)
                raise RuleError(f"{word} cannot be asked for at {where}: it can at {at}", word)
        if where is Where.DATA_BODY and what is What.REPLY and not self.close:
            message = (
                "a reply at data-body needs close = true: the client would take what it sends on "
                "for commands"
            )
            raise RuleError(message, "reply")

    def _check_parameters(self) -> None:
        needed, allowed = PARAMETERS.get(What(self.what), Parameters())
        for word in _ALL_PARAMETERS:
            is_given = getattr(self, word) is not None
            if is_given and word not in (*needed, *allowed):
                raise RuleError(f"{word} says nothing for {self.what}: leave it out", word)
            if word in needed and not is_given:
                raise RuleError(f"{self.what} needs {word}", "what")

    def _check_luck(self) -> None:
        if (self.probability is None) != (self.seed is None):
            message = "probability needs a seed, and a seed is for a probability: write both"
            raise RuleError(message, "probability" if self.seed is None else "seed")

    # -- use ---------------------------------------------------------------------------------------

    @cached_property
    def replaces(self) -> bool:
        """Whether it comes in place of what the dialogue would do."""
        return self.what in REPLACING

    @cached_property
    def parsed_reply(self) -> Reply:
        """The reply that is said."""
        return Reply.parse(self.reply or "")

    @cached_property
    def _conditions(self) -> tuple[Callable[[Facts], bool], ...]:
        """The tests of *who*, one for each word that was written."""
        given = self.given
        return tuple(make(given[word]) for word, make in _WHO.items() if word in given)

    def fits(self, where: Where | None, facts: Facts) -> bool:
        """Whether this is the place, and these are the clients; None is any other command."""
        is_here = self.where == where or (
            self.where is Where.ANY and (where is None or where in ANSWERED)
        )
        return is_here and all(fits(facts) for fits in self._conditions)


#: The words that a rule may have.
RULE_WORDS = tuple(each.name for each in fields(Rule) if each.name != "origin")


def _check(word: str, value: object) -> object:
    try:
        return CHECKS[word](value)
    except ValueError as error:
        raise RuleError(f"{word} {error}", word) from None


def _read_word(kind: type[_Word], name: str, word: str) -> _Word:
    try:
        return kind(word)
    except ValueError:
        known = [str(each) for each in kind]
        message = f"{name} cannot be {quote(word)}; {suggest(word, known)}"
        raise RuleError(message, name) from None


def _read_name(name: object) -> str:
    if isinstance(name, str) and len(name) <= _LONGEST_NAME:
        return name
    shown = f'it is a text of at most {_LONGEST_NAME} characters, name = "slow"'
    raise RuleError(f"name cannot be {quote(name)}: {shown}", "name")


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    if is_regex(pattern):
        return re.compile(pattern[1:-1])
    # The case of an address says nothing (RFC 5321 §2.4 about domains), that of a subject little.
    return re.compile(rf"\A{translate(pattern)}", re.IGNORECASE)


def matches(pattern: str, texts: Iterable[str]) -> bool:
    """Whether a glob is one of the texts, or a regular expression is found in one."""
    compiled = _compile(pattern)
    return any(compiled.search(text) for text in texts)


def _text(get: Callable[[Facts], Iterable[str | None]]) -> Callable[[str], Callable[[Facts], bool]]:
    def make(pattern: str) -> Callable[[Facts], bool]:
        return lambda facts: matches(pattern, (text for text in get(facts) if text is not None))

    return make


def _same(get: Callable[[Facts], object]) -> Callable[[object], Callable[[Facts], bool]]:
    return lambda value: lambda facts: get(facts) == value


def _has_headers(wanted: tuple[tuple[str, str], ...]) -> Callable[[Facts], bool]:
    return lambda facts: all(
        matches(pattern, (value for each, value in facts.headers if each.lower() == name.lower()))
        for name, pattern in wanted
    )


def _above(get: Callable[[Facts], int]) -> Callable[[int], Callable[[Facts], bool]]:
    return lambda limit: lambda facts: get(facts) > limit


#: word: the test that it makes of its value.
_WHO: Mapping[str, Callable[..., Callable[[Facts], bool]]] = {
    "port": _same(lambda facts: facts.port),
    "tls": _same(lambda facts: facts.tls),
    "mail_type": _same(lambda facts: facts.mail_type),
    "app_key": _text(lambda facts: (facts.app_key,)),
    "ehlo": _text(lambda facts: (facts.ehlo,)),
    "sender": _text(lambda facts: (facts.sender,)),
    "to": _text(lambda facts: facts.recipients),
    "subject": _text(lambda facts: facts.subjects),
    "headers": _has_headers,
    "after_bytes": _same(lambda facts: facts.body_bytes),
    "over_recipients": _above(lambda facts: facts.accepted + 1),
    "over_connections": _above(lambda facts: facts.connections()),
    "over_size": _above(lambda facts: len(facts.message or b"")),
}
