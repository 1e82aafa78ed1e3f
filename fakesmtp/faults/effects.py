"""What each fault makes of actions: functions over lists of them, looked up in tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fakesmtp.faults.explain import describe
from fakesmtp.faults.words import OLD_TLS, What, Where
from fakesmtp.protocol.actions import (
    Consult,
    Deliver,
    Discard,
    HangUp,
    Reset,
    Said,
    Say,
    SendRaw,
    ShakeHands,
    Stall,
    StartTls,
    Struck,
    Wait,
)
from fakesmtp.protocol.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fakesmtp.faults.rules import Rule
    from fakesmtp.protocol.actions import Action, Actions

#: No reply: no code, bytes above 0x7F, a NUL. It ends as a line does, so that it is seen at once.
GARBAGE = b"\x00\xff\xfe~ fakesmtp: this is no reply ~\x07\r\n"
_CLOSE = HangUp(asked=False)
_NO_TLS = Reply(454, ("4.7.0 TLS not available due to temporary reason",))
#: A slow link sends no more often than this (pieces a second), or a timer would not keep up.
_MOST_PIECES = 100
_SEEN = (Say, StartTls, SendRaw, Said, Wait, HangUp, Reset, Stall, ShakeHands)


def _end(rule: Rule) -> Actions:
    # What comes behind a handshake that was not one is no command.
    return (_CLOSE,) if rule.close or rule.where is Where.TLS_HANDSHAKE else ()


#: In place of what the dialogue would do, which is not even asked.
_REPLACE: Mapping[str, Callable[[Rule], Actions]] = {
    What.REPLY: lambda rule: (Say(rule.parsed_reply), *_end(rule)),
    What.STALL: lambda rule: (Stall(rule.seconds),),
    What.DROP: lambda _: (_CLOSE,),
    What.RESET: lambda _: (Reset(),),
    What.GARBAGE: lambda rule: (SendRaw(GARBAGE), *_end(rule)),
    What.REFUSE_STARTTLS: lambda _: (Say(_NO_TLS),),
    What.BAD_CERTIFICATE: lambda rule: (ShakeHands(rule.certificate or ""),),
    What.OLD_TLS: lambda _: (ShakeHands(OLD_TLS),),
}


def _halve(actions: Actions) -> Actions:
    for n, action in enumerate(actions):
        if isinstance(action, Say | StartTls):
            wire = action.reply.wire
            return (*actions[:n], SendRaw(wire[: len(wire) // 2]), _CLOSE)
    return (*actions, _CLOSE)


def _lose_reply(actions: Actions) -> Actions:
    return (*(action for action in actions if not isinstance(action, Say)), _CLOSE)


def _keep_nothing(actions: Actions) -> Actions:
    return tuple(
        Discard(len(action.raw)) if isinstance(action, Deliver) else action for action in actions
    )


def _strip_starttls(actions: Actions) -> Actions:
    return tuple(
        Say(_without_starttls(action.reply)) if isinstance(action, Say) else action
        for action in actions
    )


def _without_starttls(reply: Reply) -> Reply:
    first, *offered = reply.lines
    return Reply(reply.code, (first, *(line for line in offered if line.upper() != "STARTTLS")))


#: What the dialogue did, changed.
_CHANGE: Mapping[str, Callable[[Actions], Actions]] = {
    What.STRIP_STARTTLS: _strip_starttls,
    What.KEEP_NOTHING: _keep_nothing,
    What.LOSE_REPLY: _lose_reply,
    What.HALF_REPLY: _halve,
}


def _alter(actions: Actions, change: Callable[[Actions], Actions]) -> Actions:
    """Change actions, those that somebody else is still to decide included."""
    if actions and isinstance(last := actions[-1], Consult):
        return (*actions[:-1], last.then(change))
    return change(actions)


def is_replaced(rules: Sequence[Rule]) -> bool:
    """Whether the dialogue is not to be asked."""
    return bool(rules) and rules[-1].replaces


def apply(rules: Sequence[Rule], proceed: Callable[[], Actions]) -> Actions:
    """Give what is to be done where these rules strike.

    `proceed` asks the dialogue; it is not called when a rule replaces what it would do. A reply is
    changed first and delayed last, in whatever order the rules are.
    """
    actions = _REPLACE[rules[-1].what](rules[-1]) if is_replaced(rules) else proceed()
    for what, change in _CHANGE.items():
        if any(rule.what is what for rule in rules):
            actions = _alter(actions, change)
    for rule in rules:
        if rule.what is What.DELAY:
            actions = _alter(actions, partial(_delay, seconds=rule.seconds or 0))
    return (*(Struck(rule.name, rule.where, describe(rule)) for rule in rules), *actions)


def _delay(actions: Actions, seconds: float) -> Actions:
    """Wait before the first thing that the client sees; what it changes is changed at once."""
    for n, action in enumerate(actions):
        if isinstance(action, _SEEN):
            return (*actions[:n], Wait(seconds), *actions[n:])
    return (*actions, Wait(seconds))


def slow_down(actions: Actions, bytes_per_second: float) -> Actions:
    """Send replies in small pieces, each after the time that it takes."""
    return _alter(actions, partial(_slow_all, rate=bytes_per_second))


def _slow_all(actions: Actions, rate: float) -> Actions:
    return tuple(each for action in actions for each in _slow_one(action, rate))


def _slow_one(action: Action, rate: float) -> Actions:
    if isinstance(action, Say):
        return (Said(action.reply), *_trickle(action.reply.wire, rate))
    return tuple(_trickle(action.data, rate)) if isinstance(action, SendRaw) else (action,)


def _trickle(data: bytes, rate: float) -> Iterator[Action]:
    size = max(1, int(rate / _MOST_PIECES))
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        yield Wait(len(piece) / rate)
        yield SendRaw(piece)
