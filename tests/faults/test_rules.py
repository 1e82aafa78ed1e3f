"""A rule is checked when it is made, and can be explained in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_options import VALUES, needed_options

from fakesmtp import ConfigurationError
from fakesmtp.faults import FaultScript, Rule, Stage
from fakesmtp.faults.effects import apply, slow_down
from fakesmtp.faults.explain import explain
from fakesmtp.faults.facts import Facts
from fakesmtp.faults.kinds import FLAWS, KINDS, OLD_TLS, OPTIONS
from fakesmtp.protocol.actions import Close, SendRaw, SendReply, Wait
from fakesmtp.protocol.reply import Reply
from fakesmtp.tls import flaws

if TYPE_CHECKING:
    from collections.abc import Callable

#: Options of an invalid rule, and a part of its error.
INVALID = [
    ({"where": "rcp", "what": "drop"}, "where must be a stage, not 'rcp'; did you mean 'rcpt'?"),
    ({"where": 5, "what": "drop"}, "where must be a stage, not 5; valid are connect, tls-"),
    ({"where": "rcpt", "what": "dorp"}, "a kind of fault, not 'dorp'; did you mean 'drop'?"),
    ({"where": "rcpt", "what": ["drop"]}, "what must be a kind of fault, not ['drop']; valid are"),
    (
        {"where": "rcpt", "what": "drop", "name": "half \ud83d"},
        "name must be a text without half of a character",
    ),
    ({"where": "rcpt"}, "what must be given: one of reply, garbage"),
    ({"where": "rcpt", "reply": "450 x", "seconds": 1}, "what must be given: one of reply, garb"),
    ({"where": "tls-handshake", "what": "half-reply"}, "half-reply is not possible at tls-handsh"),
    ({"where": "connect", "reply": "450 x"}, "reply is not possible at connect; it is at greeting"),
    (
        {"where": "rcpt", "what": "lose-reply"},
        "lose-reply is not possible at rcpt; it is at end-of",
    ),
    ({"where": "rcpt", "reply": "later"}, "reply must be a code and an ASCII text like '451 4.7.1"),
    ({"where": "rcpt", "reply": "99 no"}, "Try later', not '99 no'"),
    ({"where": "rcpt", "reply": "450 5.1.1 no"}, "the first digit of 450, not 5.1.1 (RFC 2034"),
    ({"where": "rcpt", "reply": "450 é"}, "an ASCII text like '451 4.7.1 Try later', not '450 é'"),
    ({"where": "rcpt", "reply": 450}, "reply must be a text like '451 4.7.1 Try later', not 450"),
    ({"where": "rcpt", "what": "reply"}, "reply needs the option reply"),
    ({"where": "rcpt", "what": "delay"}, "delay needs the option seconds"),
    (
        {"where": "rcpt", "what": "drop", "seconds": 1},
        "seconds is not an option of drop; it has no",
    ),
    (
        {"where": "rcpt", "reply": "450 x", "what": "stall"},
        "option of stall; its options are secon",
    ),
    (
        {"where": "rcpt", "seconds": 0},
        "seconds must be a number from 0.000001 to 1,000,000,000 (ex",
    ),
    ({"where": "rcpt", "seconds": True}, "(example: 1.5), not True"),
    ({"where": "rcpt", "seconds": float("inf")}, "(example: 1.5), not inf"),
    ({"where": "rcpt", "what": "drop", "times": 0}, "must be a whole number of at least 1, not 0"),
    (
        {"where": "rcpt", "what": "drop", "nth": "2"},
        "nth must be a whole number of at least 1, not",
    ),
    ({"where": "rcpt", "what": "drop", "to": "/(/"}, "to must be a valid regular expression betw"),
    ({"where": "rcpt", "what": "drop", "to": ""}, "to must be a text like '*@example.com' or"),
    (
        {"where": "mail", "what": "drop", "to": "*"},
        "to is not known at mail; it is at rcpt, data",
    ),
    ({"where": "rcpt", "what": "drop", "subject": "*"}, "subject is not known at rcpt; it is at e"),
    ({"where": "rcpt", "what": "drop", "after_bytes": 1}, "after_bytes is not known at rcpt; it i"),
    ({"where": "greeting", "what": "drop", "app_key": "*"}, "app_key is not known at greeting; it"),
    ({"where": "rcpt", "what": "drop", "over_rate": 1}, "over_rate is not known at rcpt; it is at"),
    ({"where": "rcpt", "what": "drop", "mail_type": "ads"}, "one of normal, auth, ad, not 'ads'"),
    ({"where": "rcpt", "what": "drop", "per": "acount"}, "recipient, session, not 'acount'"),
    (
        {"where": "rcpt", "what": "drop", "port": 35397},
        "port must be a port of the endpoint (25, 587, 2587, 465, 2465), not 35397",
    ),
    ({"where": "rcpt", "what": "drop", "tls": "yes"}, "tls must be true or false, not 'yes'"),
    ({"where": "rcpt", "what": "drop", "probability": 0.5}, "but only probability is given"),
    ({"where": "rcpt", "what": "drop", "seed": 1}, "seed belong together, but only seed is given"),
    ({"where": "rcpt", "what": "drop", "seed": 1.5, "probability": 1}, "seed must be a whole numb"),
    ({"where": "rcpt", "what": "drop", "probability": 2}, "to 1 (example: 0.25), not 2"),
    (
        {"where": "rcpt", "what": "drop", "between": [2, 1]},
        "between must be two numbers of seconds",
    ),
    ({"where": "rcpt", "what": "drop", "between": ["25:00", "1"]}, "like ['02:00', '02:30'], not"),
    ({"where": "end-of-data", "what": "drop", "headers": "X"}, "headers must be a table like"),
    ({"where": "tls-handshake", "certificate": "expird"}, "self-signed, not 'expird'"),
    ({"where": "data-body", "reply": "421 bye"}, "reply at data-body needs close = true"),
    ({"where": "rcpt", "what": "drop", "name": 5}, "name must be a text of at most 200 characters"),
    ({"where": "rcpt", "what": "drop", "recipient": "x"}, "option 'recipient'; did you mean 'to'?"),
    ({"where": "mail", "what": "drop", "mail_from": "x"}, "'mail_from'; did you mean 'sender'?"),
    ({"where": "rcpt", "what": "drop", "tmes": 1}, "a fault has no option 'tmes'; did you mean 't"),
]


@pytest.mark.parametrize(("options", "says"), INVALID)
def test_invalid_rule(options: dict[str, object], says: str) -> None:
    """An invalid rule is an error with the caller's line, the value and what would be right."""
    with pytest.raises(ConfigurationError) as refused:
        FaultScript().fault(**options)  # type: ignore[arg-type]
    assert says in str(refused.value)
    assert str(refused.value).startswith("test_rules.py:")


#: Invalid calls of a script's methods, and their errors.
INVALID_CALLS = {
    "stage": (lambda: FaultScript().fail("rcp"), "where must be a stage, not 'rcp'; did you"),
    "kind": (lambda: FaultScript().fail("rcpt", what="drop"), "fail() sets what itself; fault() t"),
    "kind of delay": (
        lambda: FaultScript().delay("rcpt", seconds=1, what="x"),
        "delay() sets what",
    ),
    "option": (lambda: FaultScript().delay("rcpt", seconds="1"), "(example: 1.5), not '1'"),
    "limit": (
        lambda: FaultScript().limit("sise", 5),
        "'sise' is not a limit; did you mean 'size'?",
    ),
    "limit that is not a text": (lambda: FaultScript().limit(5, 5), "5 is not a limit; valid are"),
    "number": (
        lambda: FaultScript().limit("size", "5"),
        ": size must be a whole number of at least 1",
    ),
    "path for rules": (
        lambda: FaultScript("faults.toml"),
        "not 'faults.toml'; load() reads a file",
    ),
    "tables for rules": (
        lambda: FaultScript([{"where": "rcpt"}]),
        "objects, not {'where': 'rcpt'}; load",
    ),
    "one rule": (
        lambda: FaultScript(Rule("rcpt", "drop")),
        "rules must be a list of Rule objects,",
    ),
    "no rule": (
        lambda: FaultScript().add("drop"),
        "rules must be a list of Rule objects, not 'drop'",
    ),
    "path": (lambda: FaultScript().load(5), "a file of faults must be a path, not 5"),
    "table": (lambda: FaultScript().read([]), "faults must be a table, not []"),
}


@pytest.mark.parametrize(("call", "says"), INVALID_CALLS.values(), ids=INVALID_CALLS)
def test_invalid_call(call: Callable[[], object], says: str) -> None:
    """A wrong argument of a script is an error of one line that says what would be right."""
    with pytest.raises(ConfigurationError) as refused:
        call()
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("where", Stage)
def test_stages_of_kinds(what: str, where: Stage) -> None:
    """A fault can be created at exactly the stages of its kind, and its defaults explained."""
    options = needed_options(what, where)
    if where in KINDS[what].stages:
        rule = Rule(where, what, **options)
        assert rule.name == f"{what} at {where}"
        assert explain(rule).startswith(f"{where.moment[0].upper()}{where.moment[1:]}, ")
        assert explain(rule).endswith(".")
    else:
        with pytest.raises(ConfigurationError, match=f"{what} is not possible at {where}; it is"):
            Rule(where, what, **options)


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("option", OPTIONS)
def test_options_of_kinds(what: str, option: str) -> None:
    """A kind has exactly the options of its record; each changes the explanation."""
    kind = KINDS[what]
    where = min(kind.stages - kind.must_close)
    options = {**needed_options(what, where), option: VALUES[option]}
    if option in (*kind.needs, *kind.allows):
        without = Rule(where, what, **{**options, option: None}) if option in kind.allows else None
        assert without is None or explain(Rule(where, what, **options)) != explain(without)
    else:
        with pytest.raises(ConfigurationError, match=f"{option} is not an option of {what}"):
            Rule(where, what, **options)


def test_flaws_are_those_of_the_certificates() -> None:
    """The flaws of rules are exactly the flaws that certificates can have."""
    assert (*FLAWS, OLD_TLS) == flaws.FLAWS


FACTS = Facts(
    port=587,
    tls=True,
    ehlo="client",
    app_key="AppKey",
    mail_type="ad",
    sender="news@Example.com",
    recipients=("a@example.org", "b@blocked.example"),
    message=b"Subject: =?utf-8?b?7JWI64WV?= spring\r\nX-Campaign: spring 1\r\n\r\nbody\r\n",
)


@pytest.mark.parametrize(
    ("options", "matches"),
    [
        ({"to": "*@blocked.example"}, True),
        ({"to": "*@BLOCKED.example"}, True),
        ({"to": "*@blocked"}, False),
        ({"to": "/@blocked[.]/"}, True),
        ({"to": "/^@blocked/"}, False),
        ({"sender": "news@example.com"}, True),
        ({"port": 465}, False),
        ({"tls": True}, True),
        ({"tls": False}, False),
        ({"app_key": "App*", "mail_type": "ad"}, True),
        ({"app_key": "App*", "mail_type": "auth"}, False),
        ({"ehlo": "cli?nt"}, True),
        ({"subject": "안녕 *"}, True),
        ({"subject": "*summer*"}, False),
        ({"headers": {"x-campaign": "spring*"}}, True),
        ({"headers": {"X-Campaign": "spring*", "X-Other": "*"}}, False),
        ({"over_size": 50}, True),
        ({"over_size": 500}, False),
    ],
)
def test_conditions(options: dict[str, object], matches: bool) -> None:  # noqa: FBT001 - a column of the table
    """A rule matches if all its conditions do."""
    rule = Rule(where="end-of-data", what="drop", **options)
    assert rule.matches(Stage.END_OF_DATA, FACTS) is matches


def test_unknown_facts_do_not_match() -> None:
    """A condition on a fact that is not known yet does not match."""
    rule = Rule(where="any", what="drop", app_key="*")
    assert not rule.matches(Stage.EHLO, Facts(port=587, tls=False))


def test_any() -> None:
    """`any` matches every stage with a reply, and every other command."""
    rule = Rule(where="any", what="drop")
    assert rule.matches(None, FACTS)
    assert rule.matches(Stage.GREETING, FACTS)
    assert not rule.matches(Stage.CONNECT, FACTS)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            Rule("rcpt", to="*@blocked.example", reply="550 5.1.1 User unknown", times=2),
            (
                "At RCPT, to *@blocked.example, the first 2 times only: the server replies "
                "'550 5.1.1 User unknown'; the command is not executed."
            ),
        ),
        (
            Rule("end-of-data", "lose-reply", nth=3, per="account", tls=True),
            (
                "At the end of a message, over TLS, the 3rd time for each AppKey: the server keeps "
                "the message and closes the connection instead of replying."
            ),
        ),
        (
            Rule("data-body", "reset", after_bytes=100, every=2),
            (
                "Inside the message data, after 100 bytes, every 2nd time: the server resets the "
                "connection (RST)."
            ),
        ),
        (
            Rule("connect", "stall", seconds=2, probability=0.25, seed=7),
            (
                "When a client connects, 25% of the times at random (seed 7): the server sends "
                "nothing and ignores the client; after 2 s the server closes the connection."
            ),
        ),
        (
            Rule("tls-handshake", certificate="expired", between=("02:00", "02:30")),
            (
                "At the TLS handshake, from 02:00 to 02:30 local time: the server shows a bad "
                "certificate: expired."
            ),
        ),
        (
            Rule("quit", "garbage", close=True, after=11, times=1),
            (
                "At QUIT, after the first 11, once: the server sends bytes that are not an SMTP "
                "reply; the command is not executed; then the server closes the connection."
            ),
        ),
        (
            Rule("mail", "slow-link", bytes_per_second=100, over_rate=5, port=587),
            (
                "At MAIL, on port 587, above 5 per second: from then on the connection carries "
                "100 bytes/s in each direction."
            ),
        ),
        (
            Rule("end-of-data", "drop", headers={"X-A": "a*", "X-B": "b"}, between=(0, 2.5)),
            (
                "At the end of a message, with header X-A: a*, with header X-B: b, from 0 to 2.5 s "
                "after the rule was loaded: the server closes the connection without a reply."
            ),
        ),
    ],
)
def test_explain(rule: Rule, says: str) -> None:
    """A rule is explained in one sentence: stage, conditions, schedule, effect."""
    assert explain(rule) == says


def test_rules_are_equal_wherever_they_were_written() -> None:
    """The origin of a rule does not distinguish it; everything else does."""
    assert Rule("rcpt", "drop", origin="a:1") == Rule("rcpt", "drop", origin="b:2")
    assert hash(Rule("rcpt", "drop")) == hash(Rule("rcpt", "drop"))
    assert Rule("rcpt", "drop", nth=1) != Rule("rcpt", "drop")


def test_slow_link_sends_every_byte() -> None:
    """A slow link sends replies in pieces, without loss."""
    say = SendReply(Reply(250, ("ok", "there")))
    actions = slow_down((say, say), 10)
    pieces = b"".join(action.data for action in actions if isinstance(action, SendRaw))
    seconds = sum(action.seconds for action in actions if isinstance(action, Wait))
    assert pieces == say.reply.wire * 2
    assert seconds == pytest.approx(len(pieces) / 10)


def test_changes_come_in_the_order_of_the_kinds() -> None:
    """The reply is changed before it is cut, whatever the order of the rules."""
    rules = [Rule("ehlo", "half-reply"), Rule("ehlo", "strip-starttls")]
    offered, stripped = Reply(250, ("host", "STARTTLS", "x")), Reply(250, ("host", "x"))
    for order in (rules, rules[::-1]):
        sent = [
            action
            for action in apply(order, lambda: (SendReply(offered),))
            if type(action) is SendRaw
        ]
        assert sent == [SendRaw(stripped.wire[: len(stripped.wire) // 2])]


def test_delay_comes_last() -> None:
    """The reply is changed first and delayed last, whatever the order of the rules."""
    rules = [
        Rule(where="end-of-data", seconds=1),
        Rule(where="end-of-data", what="lose-reply"),
    ]
    say = SendReply(Reply(250, ("ok",)))
    for order in (rules, rules[::-1]):
        actions = apply(order, lambda: (say,))
        assert say not in actions
        assert isinstance(actions[-2], Wait)
        assert isinstance(actions[-1], Close)
