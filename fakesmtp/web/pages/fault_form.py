"""The form of a fault rule: it offers only what is possible at the stage that was chosen.

The tables of `fakesmtp.faults` say what that is. The table here adds how each option is entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.conditions import CONDITIONS
from fakesmtp.faults.kinds import FLAWS, KINDS, Kind
from fakesmtp.faults.making import make_rule
from fakesmtp.faults.rules import Rule
from fakesmtp.faults.schedule import COUNTED_PER, SCHEDULE
from fakesmtp.faults.script import TRY_LATER
from fakesmtp.faults.stages import Stage
from fakesmtp.protocol.credentials import MailType
from fakesmtp.web.pages.texts import later

_YES, _NO = "true", "false"


def _read_number(text: str) -> object:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text  # the check of the option tells what is right


def _read_flag(text: str) -> object:
    return {_YES: True, _NO: False}.get(text, text)


def _read_headers(text: str) -> object:
    pairs = (line.partition(":") for line in text.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read_between(text: str) -> object:
    begin, _, end = text.partition("-")
    if ":" in text:
        return [begin.strip(), end.strip()]
    return [_read_number(begin.strip()), _read_number(end.strip())]


class Entry(NamedTuple):
    """How an option is entered: its label (a text of the catalogue), an example, its choices."""

    label: str
    example: str = ""
    choices: tuple[str, ...] = ()
    read: Callable[[str], object] = str


ENTRIES: Mapping[str, Entry] = {
    "app_key": Entry(later("AppKey"), "AbCdEf*"),
    "mail_type": Entry(later("Mail type"), choices=tuple(map(str, MailType))),
    "port": Entry(later("Port"), "587", read=_read_number),
    "tls": Entry(later("Over TLS"), choices=(_YES, _NO), read=_read_flag),
    "ehlo": Entry(later("Name in EHLO"), "*.example.com"),
    "sender": Entry(later("Sender (envelope)"), "*@example.com"),
    "to": Entry(later("Recipient (envelope)"), "*@blocked.example"),
    "subject": Entry(later("Subject"), "*sale*"),
    "headers": Entry(later("Header"), "X-Campaign: spring*", read=_read_headers),
    "over_recipients": Entry(later("Above this number of recipients"), "3", read=_read_number),
    "over_connections": Entry(later("Above this number of connections"), "5", read=_read_number),
    "over_size": Entry(later("Above this size (bytes)"), "1000000", read=_read_number),
    "after_bytes": Entry(later("After this many bytes of the message"), "1000", read=_read_number),
    "nth": Entry(later("Only the nth time"), "2", read=_read_number),
    "every": Entry(later("Every nth time"), "3", read=_read_number),
    "after": Entry(later("Not the first n times"), "5", read=_read_number),
    "times": Entry(later("At most n times"), "1", read=_read_number),
    "between": Entry(
        later("Between (seconds from now, or times of day)"), "02:00-02:30", read=_read_between
    ),
    "over_rate": Entry(later("Above this rate (per second)"), "5", read=_read_number),
    "probability": Entry(later("Probability (0 to 1)"), "0.25", read=_read_number),
    "seed": Entry(later("Seed of the probability"), "7", read=_read_number),
    "per": Entry(later("Counted separately for each"), choices=COUNTED_PER),
    "reply": Entry(later("Reply"), TRY_LATER),
    "close": Entry(later("Then close the connection"), choices=(_YES, _NO), read=_read_flag),
    "seconds": Entry(later("Seconds"), "1.5", read=_read_number),
    "bytes_per_second": Entry(later("Bytes per second"), "1000", read=_read_number),
    "certificate": Entry(later("Certificate"), choices=FLAWS),
}


class Input(NamedTuple):
    """One input of the form."""

    name: str
    entry: Entry
    value: str
    is_needed: bool = False


@dataclass(frozen=True)
class FaultForm:
    """The form with the values that were entered: `where`, `what`, `name` and the options."""

    given: Mapping[str, str]

    @property
    def stage(self) -> Stage:
        """The stage that is chosen."""
        return next((each for each in Stage if each == self.given.get("where")), Stage.MAIL)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages, in the order of a session."""
        return tuple(Stage)

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of faults that are possible at the stage."""
        return [kind for kind in KINDS.values() if self.stage in kind.stages]

    @property
    def kind(self) -> Kind:
        """The kind that is chosen, or the first one that is possible."""
        kinds = self.kinds
        return next((kind for kind in kinds if kind.name == self.given.get("what")), kinds[0])

    @property
    def options(self) -> list[Input]:
        """The inputs of the kind."""
        kind = self.kind
        needed = [self._input(name, is_needed=True) for name in kind.needs]
        return [*needed, *self._inputs(kind.allows)]

    @property
    def conditions(self) -> list[Input]:
        """The inputs of the conditions that are known at the stage."""
        return self._inputs(name for name, each in CONDITIONS.items() if self.stage in each.stages)

    @property
    def schedule(self) -> list[Input]:
        """The inputs of the schedule."""
        return self._inputs(name for name, each in SCHEDULE.items() if self.stage in each.stages)

    def _inputs(self, names: Iterable[str]) -> list[Input]:
        return [self._input(name) for name in names]

    def _input(self, name: str, *, is_needed: bool = False) -> Input:
        entry = ENTRIES[name]
        value = self.given.get(name, "")
        if is_needed and not value:
            value = entry.choices[0] if entry.choices else entry.example
        return Input(name, entry, value, is_needed)

    def make(self) -> Rule:
        """Return the rule. Raises `ConfigurationError`."""
        inputs = (*self.options, *self.conditions, *self.schedule)
        options = {
            each.name: each.entry.read(each.value.strip()) for each in inputs if each.value.strip()
        }
        name = self.given.get("name", "").strip()
        named = {"name": name} if name else {}
        return make_rule({"where": str(self.stage), "what": self.kind.name, **named, **options})

    @property
    def rule(self) -> Rule | None:
        """The rule, None if it is not complete."""
        try:
            return self.make()
        except ConfigurationError:
            return None

    @property
    def problem(self) -> str:
        """Why there is no rule yet; `""` if there is one."""
        try:
            self.make()
        except ConfigurationError as error:
            return str(error)
        return ""
