"""A rule is checked when it is made, and says in words what it does."""

from __future__ import annotations

import pytest

from fakesmtp import ConfigurationError
from fakesmtp.faults import FaultScript, Rule, What, Where
from fakesmtp.faults.effects import apply, slow_down
from fakesmtp.faults.explain import explain
from fakesmtp.faults.facts import Facts
from fakesmtp.faults.words import PLACES
from fakesmtp.protocol.actions import HangUp, Say, SendRaw, Wait
from fakesmtp.protocol.reply import Reply
from fakesmtp.tls import flaws

#: Words of a rule that cannot be, and what its refusal says.
WRONG = [
    ({"where": "rcp", "what": "drop"}, "where cannot be 'rcp'; did you mean 'rcpt'?"),
    ({"where": "rcpt", "what": "dorp"}, "what cannot be 'dorp'; did you mean 'drop'?"),
    ({"where": "rcpt"}, "what happens? say `what`"),
    ({"where": "rcpt", "reply": "450 x", "seconds": 1}, "what happens? say `what`"),
    ({"where": "tls-handshake", "what": "half-reply"}, "half-reply cannot be at tls-handshake"),
    ({"where": "connect", "reply": "450 x"}, "reply cannot be at connect: it can be at greeting"),
    ({"where": "rcpt", "what": "lose-reply"}, "lose-reply cannot be at rcpt: it can be at end-of"),
    ({"where": "rcpt", "reply": "later"}, "reply cannot be: 'later' is no SMTP reply"),
    ({"where": "rcpt", "reply": "99 no"}, "is no SMTP reply"),
    ({"where": "rcpt", "reply": "450 5.1.1 no"}, "5.1.1 does not go with 450 (RFC 2034"),
    ({"where": "rcpt", "reply": "450 é"}, "is no SMTP reply"),
    ({"where": "rcpt", "reply": 450}, "reply is a text like '451"),
    ({"where": "rcpt", "what": "reply"}, "reply needs reply"),
    ({"where": "rcpt", "what": "delay"}, "delay needs seconds"),
    ({"where": "rcpt", "what": "drop", "seconds": 1}, "seconds says nothing for drop"),
    ({"where": "rcpt", "seconds": 0}, "seconds is a number over 0"),
    ({"where": "rcpt", "seconds": True}, "seconds is a number over 0"),
    ({"where": "rcpt", "seconds": float("inf")}, "seconds is a number over 0"),
    ({"where": "rcpt", "what": "drop", "times": 0}, "times is a whole number from 1, not 0"),
    ({"where": "rcpt", "what": "drop", "nth": "2"}, "nth is a whole number from 1, not '2'"),
    ({"where": "rcpt", "what": "drop", "to": "/(/"}, "to is no regular expression"),
    ({"where": "rcpt", "what": "drop", "to": ""}, "to is a text like"),
    ({"where": "mail", "what": "drop", "to": "*"}, "to cannot be asked for at mail"),
    ({"where": "rcpt", "what": "drop", "subject": "*"}, "subject cannot be asked for at rcpt"),
    ({"where": "rcpt", "what": "drop", "after_bytes": 1}, "after_bytes cannot be asked for at"),
    ({"where": "greeting", "what": "drop", "app_key": "*"}, "app_key cannot be asked for at"),
    ({"where": "rcpt", "what": "drop", "mail_type": "ads"}, "did you mean 'ad'?"),
    ({"where": "rcpt", "what": "drop", "per": "acount"}, "did you mean 'account'?"),
    ({"where": "rcpt", "what": "drop", "port": 70_000}, "port is a port of the endpoint"),
    ({"where": "rcpt", "what": "drop", "tls": "yes"}, "tls is true or false, not 'yes'"),
    ({"where": "rcpt", "what": "drop", "probability": 0.5}, "probability needs a seed"),
    ({"where": "rcpt", "what": "drop", "seed": 1}, "probability needs a seed"),
    ({"where": "rcpt", "what": "drop", "seed": 1.5, "probability": 1}, "seed is a whole number"),
    ({"where": "rcpt", "what": "drop", "probability": 2}, "probability is a number over 0 and at"),
    ({"where": "rcpt", "what": "drop", "between": [2, 1]}, "between is two numbers of seconds"),
    ({"where": "rcpt", "what": "drop", "between": ["25:00", "1"]}, "between is two numbers"),
    ({"where": "end-of-data", "what": "drop", "headers": "X"}, "headers is a table like"),
    ({"where": "tls-handshake", "certificate": "expird"}, "did you mean 'expired'?"),
    ({"where": "data-body", "reply": "421 bye"}, "a reply at data-body needs close = true"),
    ({"where": "rcpt", "what": "drop", "name": 5}, "name cannot be 5: it is a text"),
    ({"where": "rcpt", "what": "drop", "recipient": "x"}, "word 'recipient'; did you mean 'to'?"),
    ({"where": "mail", "what": "drop", "mail_from": "x"}, "'mail_from'; did you mean 'sender'?"),
    ({"where": "rcpt", "what": "drop", "tmes": 1}, "a fault has no word 'tmes'; did you mean 'tim"),
]


@pytest.mark.parametrize(("words", "says"), WRONG)
def test_wrong_rule(words: dict[str, object], says: str) -> None:
    """A rule that cannot be is refused where it is made: in which line, why, what is near."""
    with pytest.raises(ConfigurationError) as refused:
        FaultScript().fault(**words)  # type: ignore[arg-type]
    assert says in str(refused.value)
    assert str(refused.value).startswith("test_rules.py:")


@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("where", Where)
def test_the_table_of_places(what: What, where: Where) -> None:
    """A fault can be made at exactly the places of the table."""
    words: dict[str, object] = {
        What.REPLY: {"reply": "421 bye", "close": True},
        What.DELAY: {"seconds": 1},
        What.SLOW_LINK: {"bytes_per_second": 1},
        What.BAD_CERTIFICATE: {"certificate": "expired"},
    }.get(what, {})
    if where in PLACES[what]:
        rule = Rule(where=where, what=what, **words)  # type: ignore[arg-type]
        assert rule.name == f"{what} at {where}"
        assert explain(rule).endswith(".")
    else:
        with pytest.raises(ConfigurationError, match="cannot be at"):
            Rule(where=where, what=what, **words)  # type: ignore[arg-type]


def test_flaws_have_the_same_names_in_both_rooms() -> None:
    """Every flaw of a rule can be made, and the other way round."""
    from fakesmtp.faults import words  # noqa: PLC0415 - beside the one it is compared with

    assert (*words.FLAWS, words.OLD_TLS) == flaws.FLAWS


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
    ("words", "fits"),
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
def test_who(words: dict[str, object], fits: bool) -> None:  # noqa: FBT001 - of the table
    """A rule is for those clients alone that all its words fit."""
    rule = Rule(where="end-of-data", what="drop", **words)  # type: ignore[arg-type]
    assert rule.fits(Where.END_OF_DATA, FACTS) is fits


def test_who_is_not_known_yet() -> None:
    """What is not known of a client does not fit."""
    rule = Rule(where="any", what="drop", app_key="*")
    assert not rule.fits(Where.EHLO, Facts(port=587, tls=False))


def test_any() -> None:
    """`any` is every place that is answered, and every other command."""
    rule = Rule(where="any", what="drop")
    assert rule.fits(None, FACTS)
    assert rule.fits(Where.GREETING, FACTS)
    assert not rule.fits(Where.CONNECT, FACTS)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            Rule(where="rcpt", to="*@blocked.example", reply="550 5.1.1 User unknown", times=2),
            (
                "At rcpt, to *@blocked.example: it is answered '550 5.1.1 User unknown' and not "
                "obeyed; the first 2 times, then it is healed."
            ),
        ),
        (
            Rule(where="end-of-data", what="lose-reply", nth=3, per="account", tls=True),
            (
                "When a whole message has come, inside TLS: the message is kept, but the reply is "
                "lost and the connection closed; the 3rd time for each AppKey."
            ),
        ),
        (
            Rule(where="data-body", what="reset", after_bytes=100, every=2),
            (
                "In the middle of a message, after 100 bytes of it: the connection is reset (RST); "
                "every 2nd time."
            ),
        ),
        (
            Rule(where="connect", what="stall", seconds=2, probability=0.25, seed=7),
            (
                "When a client connects: nothing more is said or read, for 2 s; then it is closed; "
                "25% of the times, by the seed 7."
            ),
        ),
        (
            Rule(where="tls-handshake", certificate="expired", between=("02:00", "02:30")),
            (
                "At the TLS handshake: the certificate shown is bad: expired; from 02:00 to 02:30 "
                "o'clock."
            ),
        ),
    ],
)
def test_explain(rule: Rule, says: str) -> None:
    """A rule is explained in one sentence."""
    assert explain(rule) == says


def test_slow_link_sends_every_byte() -> None:
    """A slow link cuts replies into pieces, and loses none."""
    say = Say(Reply(250, ("ok", "there")))
    actions = slow_down((say, say), 10)
    pieces = b"".join(action.data for action in actions if isinstance(action, SendRaw))
    seconds = sum(action.seconds for action in actions if isinstance(action, Wait))
    assert pieces == say.reply.wire * 2
    assert seconds == pytest.approx(len(pieces) / 10)


def test_late_reply_changes_the_state_at_once() -> None:
    """A delay holds back what is seen, in whatever order the rules are, and no more."""
    rules = [
        Rule(where="end-of-data", seconds=1),
        Rule(where="end-of-data", what="lose-reply"),
    ]
    say = Say(Reply(250, ("ok",)))
    for order in (rules, rules[::-1]):
        actions = apply(order, lambda: (say,))
        assert say not in actions
        assert isinstance(actions[-2], Wait)
        assert isinstance(actions[-1], HangUp)
