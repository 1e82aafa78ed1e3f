"""The kinds of faults: one record for each, from which everything else about it is made.

A new kind is a record in `KINDS` and its name in `keywords.py`; a new option is a record in
`OPTIONS` and its type there. Errors, explanations, the tables of `docs/faults.md` and the tests
follow from the records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.faults.stages import EVERY_STAGE, REPLIES, Stage
from fakesmtp.faults.values import check_flag, check_rate, check_reply, check_seconds, one_of
from fakesmtp.protocol.actions import (
    Close,
    Deliver,
    Discard,
    RecordReply,
    Reset,
    SendRaw,
    SendReply,
    Stall,
    StartHandshake,
    StartTls,
    Wait,
)
from fakesmtp.protocol.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.faults.keywords import FaultOptions
    from fakesmtp.faults.values import Check
    from fakesmtp.protocol.actions import Actions

    Act = Callable[[FaultOptions], Actions]
    Change = Callable[[Actions, FaultOptions], Actions]

#: What can be wrong with a certificate.
FLAWS = ("expired", "not-yet-valid", "wrong-name", "unknown-authority", "self-signed")
#: The flaw of a handshake that offers only TLS 1.0.
OLD_TLS = "old-tls"
#: Not a reply: no code, bytes above 0x7F, a NUL. The line end lets clients see it at once.
GARBAGE = b"\x00\xff\xfe~ fakesmtp: this is not a reply ~\x07\r\n"
#: Closes the connection after everything else was sent.
CLOSE = Close(asked=False)

_NO_TLS = Reply(454, ("4.7.0 TLS not available due to temporary reason",))
#: Actions that the client can notice. All others change only the session's state.
_NOTICEABLE = (SendReply, StartTls, SendRaw, RecordReply, Wait, Close, Reset, Stall, StartHandshake)
_CLOSES = "the server closes the connection"


class Option(NamedTuple):
    """An option of fault kinds: the check of its value, and how a sentence shows the value."""

    check: Check
    show: Callable[[Any], str] = str


OPTIONS: Mapping[str, Option] = {
    "reply": Option(check_reply, repr),
    "close": Option(check_flag),
    "seconds": Option(check_seconds, "{:g} s".format),
    "bytes_per_second": Option(check_rate, "{:g} bytes/s".format),
    "certificate": Option(one_of(FLAWS)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of fault.

    `effect` is a sentence without its full stop; braces hold the names of options in `needs`.
    `allows` maps each optional option to what it adds to the sentence. `act` returns the actions
    that replace those of the dialogue, which is not asked; `change` returns those of the dialogue,
    changed. A kind without either takes effect through its options alone.
    """

    name: str
    effect: str
    stages: frozenset[Stage] = EVERY_STAGE
    needs: tuple[str, ...] = ()
    allows: Mapping[str, str] = field(default_factory=dict)
    act: Act | None = None
    change: Change | None = None
    #: Stages at which `close` must be true.
    must_close: frozenset[Stage] = frozenset()
    #: Whether a client that sends on in plaintext afterwards deserves a note in its session.
    withholds_tls: bool = False


def _end(options: FaultOptions) -> Actions:
    return (CLOSE,) if options.get("close") else ()


def _then_close(actions: Actions) -> Actions:
    return actions if actions[-1:] == (CLOSE,) else (*actions, CLOSE)


def _strip_starttls(actions: Actions, _: FaultOptions) -> Actions:
    return tuple(
        SendReply(_without_starttls(action.reply)) if isinstance(action, SendReply) else action
        for action in actions
    )


def _without_starttls(reply: Reply) -> Reply:
    first, *offered = reply.lines
    return Reply(reply.code, (first, *(line for line in offered if line.upper() != "STARTTLS")))


def _keep_nothing(actions: Actions, _: FaultOptions) -> Actions:
    return tuple(
        Discard(len(action.raw)) if isinstance(action, Deliver) else action for action in actions
    )


def _lose_reply(actions: Actions, _: FaultOptions) -> Actions:
    return _then_close(tuple(action for action in actions if not isinstance(action, SendReply)))


def _halve_reply(actions: Actions, _: FaultOptions) -> Actions:
    for n, action in enumerate(actions):
        if isinstance(action, SendReply | StartTls):
            wire = action.reply.wire
            return (*actions[:n], SendRaw(wire[: len(wire) // 2]), CLOSE)
    return _then_close(actions)


def _delay(actions: Actions, options: FaultOptions) -> Actions:
    """Wait before the first action that the client can notice; the state changes at once."""
    first = (n for n, action in enumerate(actions) if isinstance(action, _NOTICEABLE))
    n = next(first, len(actions))
    return (*actions[:n], Wait(options["seconds"]), *actions[n:])


_ACTING = (
    Kind(
        name="reply",
        effect="the server replies {reply}; the command is not executed",
        stages=REPLIES | {Stage.DATA_BODY},
        needs=("reply",),
        allows={"close": f"then {_CLOSES}"},
        must_close=frozenset({Stage.DATA_BODY}),
        act=lambda options: (SendReply(Reply.parse(str(options["reply"]))), *_end(options)),
    ),
    Kind(
        name="garbage",
        effect="the server sends bytes that are not an SMTP reply; the command is not executed",
        stages=REPLIES | {Stage.CONNECT, Stage.TLS_HANDSHAKE},
        allows={"close": f"then {_CLOSES}"},
        act=lambda options: (SendRaw(GARBAGE), *_end(options)),
    ),
    Kind(
        name="stall",
        effect="the server sends nothing and ignores the client",
        allows={"seconds": f"after {{seconds}} {_CLOSES}"},
        act=lambda options: (Stall(options.get("seconds")),),
    ),
    Kind(
        name="drop",
        effect="the server closes the connection without a reply",
        act=lambda _: (CLOSE,),
    ),
    Kind(
        name="reset",
        effect="the server resets the connection (RST)",
        act=lambda _: (Reset(),),
    ),
    Kind(
        name="refuse-starttls",
        effect="the server refuses STARTTLS (454, as if TLS were not available at the moment)",
        stages=frozenset({Stage.STARTTLS}),
        act=lambda _: (SendReply(_NO_TLS),),
        withholds_tls=True,
    ),
    Kind(
        name="bad-certificate",
        effect="the server shows a bad certificate: {certificate}",
        stages=frozenset({Stage.TLS_HANDSHAKE}),
        needs=("certificate",),
        act=lambda options: (StartHandshake(options["certificate"]),),
    ),
    Kind(
        name="old-tls",
        effect="the server offers only TLS 1.0",
        stages=frozenset({Stage.TLS_HANDSHAKE}),
        act=lambda _: (StartHandshake(OLD_TLS),),
    ),
)

#: A change comes before those below it, whatever the order of the rules.
_CHANGING = (
    Kind(
        name="strip-starttls",
        effect="the reply to EHLO does not list STARTTLS; clients that ask anyway still get it",
        stages=frozenset({Stage.EHLO}),
        change=_strip_starttls,
        withholds_tls=True,
    ),
    Kind(
        name="keep-nothing",
        effect="the server accepts the message and does not keep it",
        stages=frozenset({Stage.END_OF_DATA}),
        change=_keep_nothing,
    ),
    Kind(
        name="lose-reply",
        effect="the server keeps the message and closes the connection instead of replying",
        stages=frozenset({Stage.END_OF_DATA}),
        change=_lose_reply,
    ),
    Kind(
        name="half-reply",
        effect=(
            "the command is executed; the server sends half of the reply and closes the connection"
        ),
        stages=REPLIES,
        change=_halve_reply,
    ),
    Kind(
        name="delay",
        effect="the command is executed at once; the reply comes {seconds} late",
        needs=("seconds",),
        change=_delay,
    ),
    Kind(
        name="slow-link",
        effect="from then on the connection carries {bytes_per_second} in each direction",
        stages=EVERY_STAGE - {Stage.TLS_HANDSHAKE},
        needs=("bytes_per_second",),
    ),
)

#: All kinds by name.
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*_ACTING, *_CHANGING)}
#: Options that imply the kind that needs them, so that `what` is optional beside them.
IMPLIED: Mapping[str, str] = {option: kind.name for kind in KINDS.values() for option in kind.needs}
#: What other programs call a kind.
KIND_NAMES = {
    **dict.fromkeys(("disconnect", "close", "hangup", "hang_up"), "drop"),
    **dict.fromkeys(("hang", "timeout", "time_out", "freeze", "silence"), "stall"),
    **dict.fromkeys(("error", "fail", "reject", "refuse"), "reply"),
    **dict.fromkeys(("sleep", "wait", "late"), "delay"),
    **dict.fromkeys(("slow", "throttle"), "slow-link"),
    **dict.fromkeys(("expired", "certificate"), "bad-certificate"),
    **dict.fromkeys(("lose", "forget", "blackhole", "black_hole"), "keep-nothing"),
    "rst": "reset",
}
