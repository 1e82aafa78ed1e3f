"""Mailpit's chaos: commands that fail at random, as planned faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.making import make_rule
from fakesmtp.protocol.reply import Reply
from fakesmtp.web.mailpit.bodies import AnyBody
from fakesmtp.web.mailpit.shapes import Chaos, Trigger
from fakesmtp.web.paths import MAILPIT
from fakesmtp.web.serving import Here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakesmtp.faults.rules import Rule

router = APIRouter(prefix=f"{MAILPIT}/chaos", tags=["mailpit"], include_in_schema=False)

#: The stage of each trigger, and its code without another one.
_TRIGGERS: Mapping[str, tuple[str, int]] = {
    "sender": ("mail", 451),
    "recipient": ("rcpt", 451),
    "authentication": ("auth", 535),
}
_FIRST, _LAST, _ALWAYS = 400, 599, 100


@router.get("")
def show_chaos(here: Here) -> Chaos:
    """Return the triggers. A trigger that is off has its default code."""
    rules = {rule.name: rule for rule in here.faults.rules}
    return Chaos.model_validate(
        {trigger: _describe(trigger, rules.get(_name(trigger))) for trigger in _TRIGGERS}
    )


@router.put("")
def set_chaos(here: Here, body: AnyBody) -> Chaos:
    """Set the triggers; one that is not given is off.

    Each is a planned fault, named `chaos-sender`, `chaos-recipient` or `chaos-authentication`.
    """
    chaos = body.read(Chaos)
    wanted = [_plan(trigger, getattr(chaos, trigger)) for trigger in _TRIGGERS]
    names = set(map(_name, _TRIGGERS))
    script = here.faults
    others = (rule for rule in script.rules if rule.name not in names)
    script.replace((*others, *(rule for rule in wanted if rule is not None)))
    here.faults_changed()
    return show_chaos(here)


def _name(trigger: str) -> str:
    return f"chaos-{trigger}"


def _describe(trigger: str, rule: Rule | None) -> Trigger:
    if rule is None:
        return Trigger(error_code=_TRIGGERS[trigger][1], probability=0)
    code = Reply.parse(str(rule.options["reply"])).code
    return Trigger(error_code=code, probability=round(rule.options.get("probability", 1) * _ALWAYS))


def _plan(trigger: str, wanted: Trigger) -> Rule | None:
    """Return the rule of a trigger, None if it is off. Raises `ConfigurationError`."""
    stage, default = _TRIGGERS[trigger]
    code = wanted.error_code or default
    if not _FIRST <= code <= _LAST:
        raise ConfigurationError(f"{trigger}: ErrorCode must be {_FIRST} to {_LAST}, not {code}")
    if not wanted.probability:
        return None
    options: dict[str, object] = {
        "where": stage,
        "what": "reply",
        "name": _name(trigger),
        "reply": f"{code} Chaos {trigger} error",
    }
    if wanted.probability < _ALWAYS:
        # With a seed, a run can be repeated.
        options |= {"probability": wanted.probability / _ALWAYS, "seed": _name(trigger)}
    return make_rule(options)
