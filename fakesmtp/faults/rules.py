"""A fault rule: a stage, a kind, conditions and a schedule, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast

from fakesmtp.faults.clashes import check_clashes
from fakesmtp.faults.conditions import CONDITIONS
from fakesmtp.faults.kinds import IMPLIED, KIND_NAMES, KINDS, OPTIONS, Kind
from fakesmtp.faults.schedule import SCHEDULE, Tally
from fakesmtp.faults.stages import REPLIES, STAGE_NAMES, Stage, list_stages
from fakesmtp.faults.values import RuleError, check_name
from fakesmtp.text import quote, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Unpack

    from fakesmtp.faults.facts import Facts
    from fakesmtp.faults.keywords import FaultOptions
    from fakesmtp.faults.values import Check

#: The check of each option, in the order in which options are shown.
_CHECKS: Mapping[str, Check] = {
    name: option.check
    for table in (CONDITIONS, SCHEDULE, OPTIONS)
    for name, option in table.items()
}
#: The stages of those options that do not exist at every stage.
_STAGES: Mapping[str, frozenset[Stage]] = {
    name: option.stages for table in (CONDITIONS, SCHEDULE) for name, option in table.items()
}
#: What other parts of fakesmtp, or other libraries, call an option.
_OTHER_NAMES = {
    "stage": "where",
    "kind": "what",
    **dict.fromkeys(("recipient", "recipients", "rcpt", "rcpt_to", "rcpt_tos"), "to"),
    **dict.fromkeys(("from", "mail_from", "from_addr"), "sender"),
    **dict.fromkeys(("count", "once", "limit", "max", "repeat"), "times"),
    **dict.fromkeys(("code", "status", "response", "error", "message", "text"), "reply"),
    **dict.fromkeys(("delay", "duration", "wait", "sleep", "timeout"), "seconds"),
    **dict.fromkeys(("account", "user", "username"), "app_key"),
    **dict.fromkeys(("chance", "random"), "probability"),
    "rate": "over_rate",
    "size": "over_size",
    "type": "mail_type",
    "header": "headers",
    "helo": "ehlo",
}
#: All that a rule can have.
RULE_OPTIONS = ("where", "what", "name", *_CHECKS)


@dataclass(frozen=True, init=False)
class Rule:
    """One planned fault: `where` is its stage, `what` its kind, the rest is optional.

    Conditions on text are globs that ignore case (`*@blocked.example`), or regular expressions
    between slashes. The schedule counts the moments that stage and conditions match: the `nth`,
    `every` nth, only `after` so many, at most `times` of them, `between` two numbers of seconds
    since the rule was loaded or two times of day, with a `probability` under a `seed`; `per` is
    what has a counter of its own. Sizes are bytes, times are seconds.

    `origin` is where the rule was written: `faults.toml:3`. Raises `RuleError`, a
    `ConfigurationError`, if the rule is invalid.
    """

    where: Stage
    what: str
    name: str
    #: The conditions, the schedule and the options of the kind that were given, checked.
    options: FaultOptions = field(hash=False)
    origin: str = field(compare=False)

    def __init__(
        self, where: str, what: str = "", *, origin: str = "", **options: Unpack[FaultOptions]
    ) -> None:
        stage = _read_stage(where)
        given = _check_options(options)
        kind = _read_kind(what, given)
        if stage is Stage.DATA_BODY:
            given.setdefault("after_bytes", 0)
        _check_kind(kind, stage, given)
        _check_stages(stage, given)
        check_clashes(stage, given)
        name = options.get("name") or f"{kind.name} at {stage}"
        for attribute, value in (
            *(("where", stage), ("what", kind.name), ("name", name)),
            *(("options", given), ("origin", origin)),
        ):
            object.__setattr__(self, attribute, value)  # the dataclass is frozen

    @cached_property
    def kind(self) -> Kind:
        """The record of the rule's kind."""
        return KINDS[self.what]

    @cached_property
    def _tests(self) -> tuple[Callable[[Facts], bool], ...]:
        """The tests of the conditions that were given."""
        given = cast("Mapping[str, object]", self.options)
        return tuple(
            condition.make_test(given[name])
            for name, condition in CONDITIONS.items()
            if name in given
        )

    def matches(self, stage: Stage | None, facts: Facts) -> bool:
        """Whether stage and conditions match; None is a command without a stage of its own."""
        is_here = self.where is stage or (
            self.where is Stage.ANY and (stage is None or stage in REPLIES)
        )
        return is_here and all(test(facts) for test in self._tests)

    def start_tally(self, now: float) -> Tally:
        """Return new counters for the rule, which is loaded now (seconds)."""
        return Tally(self.name, self.options, now)


def _read_stage(where: object) -> Stage:
    stage = next((stage for stage in Stage if stage == where), None)
    if stage is None:
        hint = suggest(where, map(str, Stage), STAGE_NAMES)
        raise RuleError(f"where must be a stage, not {quote(where)}; {hint}", "where")
    return stage


def _read_kind(what: object, given: FaultOptions) -> Kind:
    implied = [name for option, name in IMPLIED.items() if option in given]
    if what == "" and len(implied) == 1:
        what = implied[0]
    if what == "":
        raise RuleError(f"what must be given: one of {', '.join(KINDS)}", "what")
    if not isinstance(what, str) or what not in KINDS:
        hint = suggest(what, KINDS, KIND_NAMES)
        raise RuleError(f"what must be a kind of fault, not {quote(what)}; {hint}", "what")
    return KINDS[what]


def _check_options(options: FaultOptions) -> FaultOptions:
    """Return the checked options, without the name and those that are None."""
    given = cast("Mapping[str, object]", options)
    unknown = next((name for name in given if name not in RULE_OPTIONS), None)
    if unknown is not None:
        hint = suggest(unknown, RULE_OPTIONS, _OTHER_NAMES)
        raise RuleError(f"a fault has no option {quote(unknown)}; {hint}", unknown)
    _check("name", check_name, given.get("name", ""))
    checked = {
        name: _check(name, check, given[name])
        for name, check in _CHECKS.items()
        if given.get(name) is not None
    }
    return cast("FaultOptions", checked)


def check_option(name: str, value: object, *, called: str) -> None:
    """Raise `RuleError` for a wrong value of an option, which has another name for its user."""
    _check(called, _CHECKS[name], value)


def _check(name: str, check: Check, value: object) -> object:
    try:
        return check(value)
    except ValueError as error:
        raise RuleError(f"{name} {error}", name) from None


def _check_kind(kind: Kind, stage: Stage, given: FaultOptions) -> None:
    """Check that the kind fits the stage, and that it has the options it needs and no others."""
    if stage not in kind.stages:
        valid = list_stages(kind.stages)
        raise RuleError(f"{kind.name} is not possible at {stage}; it is at {valid}", "where")
    missing = next((option for option in kind.needs if option not in given), None)
    if missing is not None:
        raise RuleError(f"{kind.name} needs the option {missing}", "what")
    own = (*kind.needs, *kind.allows)
    foreign = next((name for name in OPTIONS if name in given and name not in own), None)
    if foreign is not None:
        valid = f"its options are {', '.join(own)}" if own else "it has none"
        raise RuleError(f"{foreign} is not an option of {kind.name}; {valid}", foreign)
    if stage in kind.must_close and not given.get("close"):
        raise RuleError(
            f"{kind.name} at {stage} needs close = true: otherwise the rest of the message "
            "would be read as commands",
            "close",
        )


def _check_stages(stage: Stage, given: FaultOptions) -> None:
    for name, stages in _STAGES.items():
        if name in given and stage not in stages:
            valid = list_stages(stages)
            raise RuleError(f"{name} is not known at {stage}; it is at {valid}", name)
