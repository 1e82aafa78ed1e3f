"""What the rules that apply at one moment make of the dialogue's actions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.faults.explain import describe
from fakesmtp.faults.kinds import CLOSE, KINDS
from fakesmtp.faults.stages import Stage
from fakesmtp.protocol.actions import CallHook, RecordFault, RecordReply, SendRaw, SendReply, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fakesmtp.faults.keywords import FaultOptions
    from fakesmtp.faults.kinds import Change
    from fakesmtp.faults.rules import Rule
    from fakesmtp.protocol.actions import Action, Actions

#: A slow link sends at most this many pieces per second; a timer could not keep up with more.
_MOST_PIECES = 100


def is_replaced(rules: Sequence[Rule]) -> bool:
    """Whether the last rule replaces the dialogue's actions, so that it is not asked."""
    return bool(rules) and rules[-1].kind.act is not None


def apply(rules: Sequence[Rule], proceed: Callable[[], Actions]) -> Actions:
    """Return the actions of a moment at which these rules apply.

    `proceed` asks the dialogue; it is not called if a rule replaces the dialogue's actions.
    Changes come in the order of `KINDS`, whatever the order of the rules.
    """
    actions = _act(rules[-1]) if is_replaced(rules) else proceed()
    for kind in KINDS.values():
        for rule in rules:
            if rule.kind is kind and kind.change is not None:
                actions = alter(actions, _bind(kind.change, rule.options))
    return (*(RecordFault(rule.name, rule.where, describe(rule)) for rule in rules), *actions)


def _act(rule: Rule) -> Actions:
    actions = rule.kind.act(rule.options) if rule.kind.act else ()
    if rule.where is Stage.TLS_HANDSHAKE and isinstance(actions[-1], SendRaw):
        # Without a handshake, what the client sends next is not a command.
        return (*actions, CLOSE)
    return actions


def _bind(change: Change, options: FaultOptions) -> Callable[[Actions], Actions]:
    return lambda actions: change(actions, options)


def alter(actions: Actions, change: Callable[[Actions], Actions]) -> Actions:
    """Change actions, also those that a hook is yet to decide."""
    if actions and isinstance(last := actions[-1], CallHook):
        return (*actions[:-1], last.then(change))
    return change(actions)


def slow_down(actions: Actions, bytes_per_second: float) -> Actions:
    """Send replies in small pieces, each after the time that it takes."""
    return alter(actions, partial(_slow_all, rate=bytes_per_second))


def _slow_all(actions: Actions, rate: float) -> Actions:
    return tuple(each for action in actions for each in _slow_one(action, rate))


def _slow_one(action: Action, rate: float) -> Actions:
    if isinstance(action, SendReply):
        return (RecordReply(action.reply), *_send_in_pieces(action.reply.wire, rate))
    return tuple(_send_in_pieces(action.data, rate)) if isinstance(action, SendRaw) else (action,)


def _send_in_pieces(data: bytes, rate: float) -> Iterator[Action]:
    size = max(1, int(rate / _MOST_PIECES))
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        yield Wait(len(piece) / rate)
        yield SendRaw(piece)
