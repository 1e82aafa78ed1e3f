"""Faults that anyone may have written, and messages that anyone may have sent to a rule."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hostile_files import SPECIAL, needs_special_files
from hypothesis import example, given, settings
from hypothesis import strategies as st
from raw_client import RawClient

from fakesmtp import FakeSMTP, FaultScript
from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.explain import explain
from fakesmtp.faults.facts import Facts
from fakesmtp.faults.limits import LIMITS
from fakesmtp.faults.reading import read_file, read_table
from fakesmtp.faults.rules import RULE_WORDS, Rule
from fakesmtp.faults.watching import WatchedScript
from fakesmtp.faults.words import FLAWS, What, Where

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = '[[fault]]\nwhere = "noop"\nreply = "421 4.3.2 Going down"\n'
LONGEST_ERROR = 1000
DEEP: Any = None
for _ in range(500):
    DEEP = [DEEP]
HOSTILE = st.one_of(
    st.sampled_from(
        [
            *(0, 1, -1, 2**63, 10**400, -(10**400), 16**5000, 0.0, 1e-320, 1e308, True, False),
            *(float("nan"), float("inf"), None, "", "/(/", "/a{99999999999}/", "/" + "(" * 5000),
            *("/" + "(" * 5000 + "/", "[!", "x" * 100_000, "\ud800", "\x1b[2J\r\n", DEEP, {}, []),
            *([0, 1e308], [0, 10**400], ["25:00", "1"], ["02:00", "02:30"], {"a": DEEP}, "250 x"),
            *("451 4.7.1 late", "451 2.0.0 x", "٢٥٠ x", "250 a\nb", "rcpt", "reply", "any", "auth"),
            *([{}], [[]], {"n": DEEP}, {"n": 1, "where": "x"}),
        ]
    ),
    st.text(max_size=10),
    st.integers(),
    st.floats(),
)
LIKELY = st.sampled_from([*Where, *What, *FLAWS, "ad", "session", "451 4.7.1 Try later", 1, 2.5])
FAULT = st.dictionaries(
    st.sampled_from([*RULE_WORDS, "origin", "self"]), HOSTILE | LIKELY, max_size=6
)
FACTS = Facts(587, tls=True, app_key="a", mail_type="ad", ehlo="b", sender="c", recipients=("d",))


def use(rules: tuple[Rule, ...]) -> None:
    """Do everything that is done with rules."""
    script = FaultScript(rules)
    for where in (None, *Where):
        script.strike(where, FACTS)
    for rule in rules:
        explain(rule)
        repr(rule)
        assert script.strikes(rule) >= 0
    script.replace(rules)
    with suppress(AssertionError):
        script.assert_used()


def read_or_refuse(read: Callable[[], tuple[Rule, ...]]) -> tuple[Rule, ...]:
    """Read rules; none when they were refused as they should be."""
    try:
        return read()
    except ConfigurationError as error:
        refusal = str(error)
    assert len(refusal) < LONGEST_ERROR
    return ()


@settings(max_examples=500)
@given(
    table=st.one_of(
        HOSTILE,
        st.fixed_dictionaries(
            {},
            optional={
                "fault": HOSTILE | st.lists(FAULT | HOSTILE, max_size=3),
                "seed": HOSTILE,
                "limits": HOSTILE | st.dictionaries(st.sampled_from([*LIMITS, "x"]), HOSTILE),
                "x" * 10_000: HOSTILE,
            },
        ),
    )
)
@example({"fault": [{"where": "rcpt", "what": "drop", "probability": 0.5, "seed": 16**5000}]})
@example({"fault": [{"where": "rcpt", "seconds": 10**400}]})
@example({"limits": {"size": 16**5000}})
def test_any_table(table: object) -> None:
    """A strange table is refused by one error that can be shown, or its rules can be used."""
    use(read_or_refuse(lambda: read_table(table)))


PIECES = st.sampled_from(
    [
        *(
            "[[fault]]\n",
            "[limits]\n",
            'where = "rcpt"\n',
            'what = "drop"\n',
            "size = 1\n",
            "[" * 500,
        ),
        *(
            "nth = 0xffff\n",
            "nth = " + "9" * 5000 + "\n",
            "seed = nan\n",
            "a" + ".a" * 5000 + " = 1\n",
        ),
        *(
            "{",
            "}",
            '"',
            "'''",
            "= ",
            ", ",
            "\ufeff",
            "\0",
            "2026-01-01\n",
            "between = [0, 1]\n",
            "]",
        ),
        *('{"fault": [', '{"where": "rcpt", "what": "drop"}', "]}", '"fault": [{', "NaN", "\\u0"),
    ]
)


@settings(max_examples=300)
@given(
    content=st.lists(PIECES, max_size=12).map("".join).map(str.encode) | st.binary(max_size=60),
    suffix=st.sampled_from([".toml", ".json"]),
)
def test_any_file(content: bytes, suffix: str) -> None:
    """A file with anything in it is refused by an error that names it, or its rules can be used."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"faults{suffix}")
        path.write_bytes(content)
        use(read_or_refuse(lambda: read_file(path)))


BAD = {
    "a deep list": ("toml", "fault = " + "[" * 5000, "this is no TOML: it is nested too deep"),
    "a deep object": ("json", '{"fault": ' + "[" * 100_000, "this is no JSON: it is nested too"),
    "a long number": ("toml", "seed = " + "9" * 5000, "a number has too many digits"),
    "a long number in JSON": (
        "json",
        '{"seed": ' + "9" * 5000 + "}",
        "a number has too many digits",
    ),
    "a long number in hexadecimal": (
        "toml",
        GOOD + "nth = 0x" + "f" * 5000,
        ":4: nth is a whole number from 1, not a very long int",
    ),
    "not a number": ("json", '{"seed": NaN}', "NaN is not a number in JSON"),
    "a key of many names": (
        "toml",
        "a" + ".a" * 100_000 + " = 1",
        ":1: this is no TOML: a key has",
    ),
    "a table of many names": ("toml", "\n[a" + ".a" * 100_000 + "]", ":2: this is no TOML: a key"),
    "many faults": ("toml", "[[fault]]\n" * 1001, "1,001 faults are too many: at most 1,000"),
    "a large file": ("toml", "#" * (1024 * 1024 + 1), "it has more than 1,048,576 bytes"),
    "another list of faults": (
        "json",
        r'{"seed": "\"fault\": [{", "fault": [{"where": "nowhere"}]}',
        "where cannot be 'nowhere'",
    ),
    "no text": ("toml", b"\xff\xfe", "it is not UTF-8"),
}


@pytest.mark.parametrize(("suffix", "content", "reason"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said(
    tmp_path: Path, suffix: str, content: str | bytes, reason: str
) -> None:
    """The error names the file, and says in one sentence what is wrong with it."""
    path = tmp_path / f"faults.{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as caught:
        read_file(path)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < LONGEST_ERROR


def test_a_byte_order_mark_says_nothing(tmp_path: Path) -> None:
    """Editors on Windows write one in front of TOML and JSON."""
    for name, content in (("x.toml", GOOD), ("x.json", '{"fault": []}')):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8-sig")
        read_file(path)


#: How a file of faults goes bad while a server obeys it.
GONE_BAD: dict[str, Callable[[Path], object]] = {
    **{
        name: lambda path, content=content: path.write_text(content)
        for name, (suffix, content, _) in BAD.items()
        if suffix == "toml" and isinstance(content, str)
    },
    "gone": lambda _: None,
    "no text": lambda path: path.write_bytes(b"\xff"),
    **{name: make for name, (make, _) in SPECIAL.items()},
}


@needs_special_files
@pytest.mark.parametrize("go_bad", GONE_BAD.values(), ids=GONE_BAD)
def test_a_file_gone_bad_costs_no_client(tmp_path: Path, go_bad: Callable[[Path], object]) -> None:
    """The next client meets the old rules; the reason is told once; a good file counts again."""
    path = tmp_path / "faults.toml"
    path.write_text(GOOD)
    told: list[str] = []
    script = WatchedScript(path, changed=lambda _: told.append("changed"), failed=told.append)
    with FakeSMTP(ports={587: 0}, faults=script) as smtp:
        path.unlink()
        go_bad(path)
        for _ in range(2):
            with RawClient(smtp.port(587)) as client:
                assert client.read_reply().startswith("220 ")
                assert client.ask("NOOP") == "421 4.3.2 Going down"
        (failure,) = told
        assert failure.startswith("the faults stay as they were: ")
        (path.rmdir if path.is_dir() else partial(path.unlink, missing_ok=True))()
        path.write_text(GOOD.replace("421 4.3.2", "451 4.3.0"))
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            assert client.ask("NOOP") == "451 4.3.0 Going down"
    assert told[1:] == ["changed"]


def test_a_bug_costs_no_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even what nobody thought of is told, and the old rules stay."""
    path = tmp_path / "faults.toml"
    path.write_text(GOOD)
    told: list[str] = []
    script = WatchedScript(path, changed=told.append, failed=told.append)
    monkeypatch.setattr("fakesmtp.faults.watching.read_file", lambda _: 1 // 0)
    path.write_text(GOOD * 2)
    script.begin_session()
    assert len(script.rules) == 1
    assert told == ["the faults stay as they were: integer division or modulo by zero"]


SUBJECTS = {
    "Base64 that is too short": b"=?utf-8?b?abcde?=",
    "no Base64": b"=?utf-8?b?\xff?=",
    "bytes that are not of the charset": b"=?utf-8?q?=FF=FE?=",
    "an unknown charset": b"=?no-such-charset?q?abc?=",
    "a codec that is none of texts": b"=?zlib?b?eA==?=",
    "a charset with a NUL": b"=?\0?q?abc?=",
    "a charset that is not ASCII": b"=?\xed\x95\x9c?q?abc?=",
    "an unfinished word": b"=?utf-8?q?abc",
    "many unfinished words": (b"=?a?q?" * 1000 + b"\r\n ") * 30,
    "no ASCII": b"\xff\xfe\xed\x95\x9c",
    "nothing": b"",
    "folded": b"a\r\n =?utf-8?b?abcde?=\r\n\tb",
}


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_subject_that_cannot_be_read(smtp: FakeSMTP, subject: bytes) -> None:
    """A rule that asks for a subject, or any header, lets a message with a broken one through."""
    smtp.faults.fail("end-of-data", subject="*no such subject*")
    smtp.faults.fail("end-of-data", headers={"Subject": "/no such subject/"})
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        client.send(b"Subject: " + subject + b"\r\n\r\nhello\r\n.\r\n")
        assert client.read_reply().startswith("250 ")
    (message,) = smtp.messages
    assert message.raw.startswith(b"Subject: " + subject)


def test_a_broken_word_is_matched_as_it_stands() -> None:
    """So a rule can be made for it."""
    facts = Facts(587, tls=False, message=b"Subject: hello =?utf-8?b?abcde?=\r\n\r\n")
    rule = Rule(where="end-of-data", what="drop", subject="hello =[?]utf-8*")
    assert rule.fits(Where.END_OF_DATA, facts)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [b"=?", b"?=", b"?b?", b"?Q?", b"utf-8", b"euc-kr", b"\r\n ", b"\n", b"=EA"]
        )
        | st.binary(max_size=6),
        max_size=12,
    ).map(b"".join)
)
def test_any_header(header: bytes) -> None:
    """No bytes in a header make the facts of a message fail."""
    for message in (b"Subject: " + header + b"\r\n\r\nx", header, b"Subject:" + header):
        facts = Facts(587, tls=False, message=message)
        assert all(isinstance(text, str) for text in facts.subjects)


def test_a_rule_is_one_line_of_json(smtp: FakeSMTP) -> None:
    """The words of every rule that is let in can be told over HTTP."""
    rules = read_table(
        {"fault": [{"where": "rcpt", "seconds": 1e9}, {"where": "any", "nth": 1, "what": "drop"}]}
    )
    smtp.faults.replace(rules)
    assert json.dumps([rule.given for rule in smtp.faults.rules], allow_nan=False)
