"""Diagnoses, notes, fault rules and instructions in Korean: each sentence has a translation."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po
from fault_options import VALUES, needed_options

from fakesmtp.faults.conditions import CONDITIONS
from fakesmtp.faults.kinds import FLAWS, KINDS
from fakesmtp.faults.making import make_rule
from fakesmtp.faults.schedule import COUNTED_PER, COUNTING, PER, SCHEDULE
from fakesmtp.faults.stages import Stage
from fakesmtp.protocol import conversation, reasons, refused_paths
from fakesmtp.protocol.actions import Envelope, Note
from fakesmtp.protocol.credentials import Account, MailType
from fakesmtp.protocol.proxy_header import ProxyHeaderError, read_proxy_header
from fakesmtp.protocol.sasl import MalformedResponse, parse_plain
from fakesmtp.sessions import causes, notes
from fakesmtp.sessions.causes import ClosedBy
from fakesmtp.sessions.contents import Ended, Fault, LoggedIn, Message, Proxied
from fakesmtp.sessions.events import make_event
from fakesmtp.sessions.transactions import Outcome
from fakesmtp.smtp import proxied
from fakesmtp.tls.trust import WAYS
from fakesmtp.web.pages.clients import CLIENTS
from fakesmtp.web.pages.sentences import Sentence, Sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCALE = Path(__file__).parents[3] / "fakesmtp" / "web" / "locale"
KOREAN = Sentences("ko")
CONDITION_VALUES: dict[str, list[object]] = {
    "app_key": ["AbC*"],
    "mail_type": list(map(str, MailType)),
    "port": [587],
    "tls": [True, False],
    "ehlo": ["*.example.com"],
    "sender": ["a@example.com"],
    "to": ["*@example.com"],
    "subject": ["sale, to all"],
    "headers": [{"X-One": "1"}, {"X-One": "1", "X-Two": "2, with more", "X-Three": "3"}],
    "over_recipients": [3],
    "over_connections": [5],
    "over_size": [1000],
    "after_bytes": [10],
}
SCHEDULE_VALUES: dict[str, list[object]] = {
    "nth": [1, 2, 3, 4, 11],
    "every": [2, 3, 21],
    "after": [5],
    "times": [1, 2],
    "between": [[1, 2.5], ["23:30", "00:30"]],
    "over_rate": [5],
    # Each of these needs another one.
    **{key: [] for key in ("probability", "seed", "per")},
}
EVENTS = [
    *(Message("id", 3), Message("", 3), LoggedIn("AppKey", "auth", "PLAIN")),
    *(Fault("name", "mail", "the server resets the connection (RST)"), Ended("quit", "")),
    *(notes.EMPTY_MESSAGE, Proxied("192.0.2.1:1", 1, names_client=True)),
    Proxied("192.0.2.1:1", 2, names_client=False),
]
#: What is not a PROXY protocol header.
_START = b"\r\n\r\n\0\r\nQUIT\n"
HEADERS = [
    *(b"\x16\x03\x01", b"GET / HTTP/1.1", b"EHLO me", b"????", b"PROXY " + b"x" * 200),
    *(b"PROXY TCP4 a b 1 2\r\n", _START + b"\x31\x11\0\0", _START + b"\x21\x11\xff\xff"),
    *(_START + b"\x21\x12\0\0", _START + b"\x21\x11\0\x01x"),
]
SECRET = "SecretKey"
ACCOUNTS = [Account("AppKey", SECRET), Account("Other", "another")]
LOGINS = [
    *(("AppKey", ""), ("AppKey", "wrong"), ("AppKey", "another"), ("AppKey", "SecretKey\n")),
    *(("AppKey", " SecretKey"), ("AppKey", " SecretKey "), ("AppKey", "'SecretKey'")),
    *(("AppKey", "secretkey"), ("AppKey", "U2VjcmV0S2V5"), ("AppKey", "Secret%4Bey")),
    *(("AppKey", "SecretKey "), ("AppKey", "Secr"), ("AppKey%23auth", SECRET)),
    *((SECRET, "AppKey"), (SECRET, "x"), ("", "x"), ("appkey", "x"), ("nobody", "x")),
]
#: What is not a response of PLAIN.
RESPONSES = [
    *(b"!", b"-_-_", b"AAAAA", b64encode(b"AppKey"), b64encode(b"\0AppKey\0"), b64encode(b"\0\0x")),
    *(b64encode(b"\0\0"), b64encode(b"\0 \0x")),
]


def rules() -> Iterator[dict[str, object]]:
    """Give a rule for each kind at each stage, each condition, and each entry of a schedule."""
    for kind in KINDS.values():
        for where in kind.stages:
            yield {"where": where, "what": kind.name, **needed_options(kind.name, where)}
        where = next(stage for stage in Stage if stage in kind.stages)
        needed = needed_options(kind.name, where)
        yield from (
            {"where": where, "what": kind.name, **needed, o: VALUES[o]} for o in kind.allows
        )
    for flaw in FLAWS:
        yield {"where": "tls-handshake", "what": "bad-certificate", "certificate": flaw}
    for name, values in CONDITION_VALUES.items():
        where = next(stage for stage in Stage if stage in CONDITIONS[name].stages)
        yield from ({"where": where, "what": "stall", name: value} for value in values)
    yield {"where": "mail", "what": "stall", "probability": 0.25, "seed": 7}
    for name, values in SCHEDULE_VALUES.items():
        for value in values:
            yield {"where": "mail", "what": "stall", name: value}
            if name in COUNTING:
                where = "mail" if name == "over_rate" else "rcpt"
                possible = (per for per in COUNTED_PER if Stage(where) in PER[per].stages)
                yield from (
                    {"where": where, "what": "stall", name: value, "per": per} for per in possible
                )


def test_every_fault_rule() -> None:
    """The sentence about a rule is in Korean, whatever its parts are."""
    assert CONDITION_VALUES.keys() == CONDITIONS.keys()
    assert SCHEDULE_VALUES.keys() == SCHEDULE.keys()
    made = [make_rule(each) for each in rules()]  # type: ignore[arg-type]
    assert [str(rule) for rule in made if KOREAN.explain(rule).language != "ko"] == []


def test_a_fault_rule() -> None:
    """The parts are in the order of a Korean sentence, and values stay as they are."""
    rule = make_rule(
        {"where": "rcpt", "reply": "550 No, (never)", "to": "a, b", "times": 1, "close": True}
    )
    assert KOREAN.explain(rule).text == (
        "RCPT에서, 받는 주소가 a, b일 때, 한 번만: 서버가 명령을 실행하지 않고 '550 No, (never)' "
        "응답을 보냅니다. 그다음 서버가 연결을 끊습니다."
    )


def sentences() -> Iterator[tuple[str, str]]:
    """Give sentences about sessions with their contexts."""
    yield from (("when", stage.moment) for stage in Stage)
    for closed_by in ClosedBy:
        yield "how", str(Ended(closed_by, ""))
        yield "why", str(Ended(closed_by, "in the middle of a message, after 3 bytes"))
    yield from (("fact", each.value) for each in Outcome)
    yield from (("event", make_event(0, each).text) for each in EVENTS)
    marks = (mark for mark, _ in causes._CAUSES)  # noqa: SLF001 - the table
    yield from (
        ("why", causes.explain_tls_failure(f"[SSL: {each}] alert (_ssl.c:1006)")) for each in marks
    )
    for received, implicit, replied in ((0, True, True), (5, True, False), (0, False, False)):
        far = causes.describe_handshake(received, implicit_tls=implicit, has_replied=replied)
        yield "why", f"TLS handshake failed: in the middle of the TLS handshake, {far}"
    yield "why", causes.describe_half_message(3, has_lone_dot=True)
    yield from (("why", f"PROXY protocol failed: {each}") for each in known_proxy_failures())
    yield from (("why", each) for each in [*known_notes(), *known_reasons()])


def known_proxy_failures() -> Iterator[str]:
    """Give reasons why the connection of a load balancer ended."""
    for header in HEADERS:
        with pytest.raises(ProxyHeaderError) as raised:
            read_proxy_header(header)
        yield f"the header is not valid: {raised.value}; {proxied.WHAT_IS_RIGHT}"
    yield f"no header came in time, only 3 bytes; {proxied.WHAT_IS_RIGHT}"
    yield "192.0.2.1 is not a trusted load balancer (10.0.0.0/8)"
    yield "before a PROXY protocol header, after 3 bytes of it"


def known_notes() -> Iterator[str]:
    """Give the notes about clients."""
    constants = (value for name, value in vars(notes).items() if name.isupper())
    counted = {notes.BARE_LF_IN_MESSAGE, notes.BARE_CR_IN_MESSAGE}
    counted |= {notes.DOUBLE_CR_IN_MESSAGE, notes.NUL_IN_MESSAGE}
    yield from (each for each in constants if isinstance(each, str) and each not in counted)
    yield from (each.text for each in vars(conversation).values() if isinstance(each, Note))
    yield from conversation.OPENING_NOTES
    broken = b"a\nb\rc\r\r\nd\0e"
    yield from notes.look_at_message(broken, Envelope("", ()))
    yield from (notes.describe_half_line(each) for each in (b"MAIL FR", b"x", b"x" * 9000))


def known_reasons() -> Iterator[str]:
    """Give reasons why AUTH, MAIL or RCPT was refused."""
    paths = refused_paths._MISTAKES.values()  # noqa: SLF001 - the tables
    found = [meaning for table in paths for _, meaning in table]
    found += [
        reasons.explain_login(app_key, secret_key, app_key, ACCOUNTS)
        for app_key, secret_key in LOGINS
    ]
    found += [reasons.explain_login("a", "b", "a", accounts) for accounts in ([], ACCOUNTS[:1])]
    found += [reasons.explain_mail_type(each) for each in ("", "a#b", "AUTH", "promo", " ad", "%")]
    found += [reasons.explain_mechanism(each) for each in (" PLAIN", "CRAM-MD5", "PLAIN", "@")]
    for response in RESPONSES:
        with pytest.raises(MalformedResponse) as raised:
            parse_plain(response)
        found.append(str(raised.value))
    for reason in found:
        yield reasons.because(reason).text
        yield f"refused: AUTH PLAIN x -> 535 Authentication Failed ({reason}) (and 2 more)"


def test_every_sentence_about_a_session() -> None:
    """Diagnoses, endings, notes and reasons are in Korean."""
    assert [each for each in sentences() if KOREAN.translate(*each).language != "ko"] == []


@pytest.mark.parametrize("way", sorted({each.trust for each in CLIENTS.values()} - {""}))
def test_how_clients_trust_the_ca(way: str) -> None:
    """Sentences are in Korean, and lines of code stay as they are."""
    lines = WAYS[way].split("\n")
    shown = KOREAN.translate_lines("trust", WAYS[way]).text.split("\n")
    translated = [line for line, korean in zip(lines, shown, strict=True) if line != korean]
    assert translated == [line for line in lines if not line.startswith(" ")]


def test_values_of_translations() -> None:
    """A translation has the values of its sentence, and no others."""
    with (LOCALE / "ko" / "LC_MESSAGES" / "sentences.po").open("rb") as file:
        catalogue = [(str(each.id), str(each.string)) for each in read_po(file) if each.id]
    assert catalogue
    assert [pair for pair in catalogue if values_of(pair[0]) != values_of(pair[1])] == []


def values_of(text: str) -> list[str]:
    """Return the names of the values in a template, sorted."""
    return sorted(re.findall(r"\{\w*\}", text))


def test_unknown_sentences_stay_in_english() -> None:
    """A sentence without a translation, or with a part that has none, is not half translated."""
    for text in ("something new", "closed by the server: something new", "x" * 10_000):
        assert KOREAN.translate("why", text) == Sentence(text, "en")
    assert Sentences("en").translate("why", "quit") == Sentence("quit", "en")
