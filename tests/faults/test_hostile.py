"""Fault files with any content, and messages with any content for a rule."""

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
from fakesmtp.faults import Stage
from fakesmtp.faults.explain import explain
from fakesmtp.faults.facts import Facts
from fakesmtp.faults.kinds import FLAWS, KINDS
from fakesmtp.faults.limits import LIMITS
from fakesmtp.faults.loading import read_file, read_table
from fakesmtp.faults.rules import RULE_OPTIONS, Rule
from fakesmtp.faults.watching import WatchedScript

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
LIKELY = st.sampled_from([*Stage, *KINDS, *FLAWS, "ad", "session", "451 4.7.1 Try later", 1, 2.5])
FAULT = st.dictionaries(
    st.sampled_from([*RULE_OPTIONS, "origin", "self"]), HOSTILE | LIKELY, max_size=6
)
FACTS = Facts(587, tls=True, app_key="a", mail_type="ad", ehlo="b", sender="c", recipients=("d",))


def use(rules: tuple[Rule, ...]) -> None:
    """Use rules in every way that a server does."""
    script = FaultScript(rules)
    for where in (None, *Stage):
        script._apply(where, FACTS)
    for rule in rules:
        explain(rule)
        repr(rule)
        assert script.applied(rule) >= 0
    script.replace(rules)
    with suppress(AssertionError):
        script.assert_used()


def read_or_refuse(read: Callable[[], tuple[Rule, ...]]) -> tuple[Rule, ...]:
    """Return the rules, or none after a configuration error of reasonable length."""
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
    """Any table is refused with one printable error, or its rules can be used."""
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
    """Any file is refused with an error that names it, or its rules can be used."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"faults{suffix}")
        path.write_bytes(content)
        use(read_or_refuse(lambda: read_file(path)))


BAD = {
    "a deep list": ("toml", "fault = " + "[" * 5000, "not valid TOML: it is nested too deep"),
    "a deep object": ("json", '{"fault": ' + "[" * 100_000, "not valid JSON: it is nested too"),
    "a long number": ("toml", "seed = " + "9" * 5000, "a number has too many digits"),
    "a long number in JSON": (
        "json",
        '{"seed": ' + "9" * 5000 + "}",
        "a number has too many digits",
    ),
    "a long number in hexadecimal": (
        "toml",
        GOOD + "nth = 0x" + "f" * 5000,
        ":4: nth must be a whole number of at least 1, not a very long int",
    ),
    "not a number": ("json", '{"seed": NaN}', "NaN is not a number in JSON"),
    "a key of many names": (
        "toml",
        "a" + ".a" * 100_000 + " = 1",
        ":1: not valid TOML: a key has",
    ),
    "a table of many names": ("toml", "\n[a" + ".a" * 100_000 + "]", ":2: not valid TOML: a key"),
    "many faults": ("toml", "[[fault]]\n" * 1001, "at most 1,000 faults are allowed, not 1,001"),
    "a large file": ("toml", "#" * (1024 * 1024 + 1), "it has more than 1,048,576 bytes"),
    "another list of faults": (
        "json",
        r'{"seed": "\"fault\": [{", "fault": [{"where": "nowhere"}]}',
        "where must be a stage, not 'nowhere'",
    ),
    "not text": ("toml", b"\xff\xfe", "it is not UTF-8"),
}


@pytest.mark.parametrize(("suffix", "content", "reason"), BAD.values(), ids=BAD)
def test_error_of_a_bad_file(
    tmp_path: Path, suffix: str, content: str | bytes, reason: str
) -> None:
    """The error names the file and says in one sentence what is wrong with it."""
    path = tmp_path / f"faults.{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as caught:
        read_file(path)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < LONGEST_ERROR


def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """A byte order mark, which Windows editors write, is allowed in TOML and JSON."""
    for name, content in (("x.toml", GOOD), ("x.json", '{"fault": []}')):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8-sig")
        read_file(path)


#: How a file of faults becomes invalid while a server uses it.
BECOMES_INVALID: dict[str, Callable[[Path], object]] = {
    **{
        name: lambda path, content=content: path.write_text(content)
        for name, (suffix, content, _) in BAD.items()
        if suffix == "toml" and isinstance(content, str)
    },
    "gone": lambda _: None,
    "not text": lambda path: path.write_bytes(b"\xff"),
    **{name: make for name, (make, _) in SPECIAL.items()},
}


@needs_special_files
@pytest.mark.parametrize("spoil", BECOMES_INVALID.values(), ids=BECOMES_INVALID)
def test_bad_file_does_not_affect_clients(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """The old rules stay, the error is reported once, and a corrected file is loaded again."""
    path = tmp_path / "faults.toml"
    path.write_text(GOOD)
    reported: list[str] = []
    script = WatchedScript(
        path, changed=lambda _: reported.append("changed"), failed=reported.append
    )
    with FakeSMTP(ports={587: 0}, faults=script) as smtp:
        path.unlink()
        spoil(path)
        for _ in range(2):
            with RawClient(smtp.port(587)) as client:
                assert client.read_reply().startswith("220 ")
                assert client.ask("NOOP") == "421 4.3.2 Going down"
        (failure,) = reported
        assert failure.startswith("the faults stay as they were: ")
        (path.rmdir if path.is_dir() else partial(path.unlink, missing_ok=True))()
        path.write_text(GOOD.replace("421 4.3.2", "451 4.3.0"))
        with RawClient(smtp.port(587)) as client:
            client.read_reply()
            assert client.ask("NOOP") == "451 4.3.0 Going down"
    assert reported[1:] == ["changed"]


def test_unexpected_error_does_not_affect_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error is reported, and the old rules stay."""
    path = tmp_path / "faults.toml"
    path.write_text(GOOD)
    reported: list[str] = []
    script = WatchedScript(path, changed=reported.append, failed=reported.append)
    monkeypatch.setattr("fakesmtp.faults.watching.read_file", lambda _: 1 // 0)
    path.write_text(GOOD * 2)
    script._begin_session()
    assert len(script.rules) == 1
    assert reported == ["the faults stay as they were: integer division or modulo by zero"]


SUBJECTS = {
    "Base64 that is too short": b"=?utf-8?b?abcde?=",
    "not Base64": b"=?utf-8?b?\xff?=",
    "bytes outside of the charset": b"=?utf-8?q?=FF=FE?=",
    "an unknown charset": b"=?no-such-charset?q?abc?=",
    "a codec that is not for text": b"=?zlib?b?eA==?=",
    "a charset with a NUL": b"=?\0?q?abc?=",
    "a charset that is not ASCII": b"=?\xed\x95\x9c?q?abc?=",
    "an unfinished word": b"=?utf-8?q?abc",
    "many unfinished words": (b"=?a?q?" * 1000 + b"\r\n ") * 30,
    "not ASCII": b"\xff\xfe\xed\x95\x9c",
    "nothing": b"",
    "folded": b"a\r\n =?utf-8?b?abcde?=\r\n\tb",
}


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_invalid_subject(smtp: FakeSMTP, subject: bytes) -> None:
    """A rule with a condition on a header does not match a message with an invalid one."""
    smtp.faults.fail("end-of-data", subject="*no such subject*")
    smtp.faults.fail("end-of-data", headers={"Subject": "/no such subject/"})
    with RawClient(smtp.port(587)) as client:
        client.log_in()
        client.begin_data()
        client.send(b"Subject: " + subject + b"\r\n\r\nhello\r\n.\r\n")
        assert client.read_reply().startswith("250 ")
    (message,) = smtp.messages
    assert message.raw.startswith(b"Subject: " + subject)


def test_invalid_encoded_word_is_matched_undecoded() -> None:
    """A header with an invalid encoded word is matched as it was sent."""
    facts = Facts(587, tls=False, message=b"Subject: hello =?utf-8?b?abcde?=\r\n\r\n")
    rule = Rule(where="end-of-data", what="drop", subject="hello =[?]utf-8*")
    assert rule.matches(Stage.END_OF_DATA, facts)


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
    """Any bytes in a header have subjects that are texts."""
    for message in (b"Subject: " + header + b"\r\n\r\nx", header, b"Subject:" + header):
        facts = Facts(587, tls=False, message=message)
        assert all(isinstance(text, str) for text in facts.subjects)


def test_regular_expression_sees_the_start_of_a_text() -> None:
    """A regular expression sees 1,000 characters of a long header, a glob all of them."""
    facts = Facts(587, tls=True, message=b"Subject: x\r\nX-A: %b!\r\n\r\n" % (b"ab" * 100_000))
    for pattern, matches in (("/a.*b.*=/", False), ("/^ab/", True), ("/!/", False), ("*!", True)):
        rule = Rule(where="end-of-data", what="drop", headers={"X-A": pattern})
        assert rule.matches(Stage.END_OF_DATA, facts) is matches, pattern


def test_options_of_a_rule_are_json(smtp: FakeSMTP) -> None:
    """The options of every rule can be sent over HTTP."""
    rules = read_table(
        {"fault": [{"where": "rcpt", "seconds": 1e9}, {"where": "any", "nth": 1, "what": "drop"}]}
    )
    smtp.faults.replace(rules)
    assert json.dumps([rule.options for rule in smtp.faults.rules], allow_nan=False)
