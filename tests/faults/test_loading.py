"""Rules are read from files with the options of Python; errors name the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fakesmtp import ConfigurationError
from fakesmtp.faults import FaultScript, Rule
from fakesmtp.faults.loading import read_file, read_table
from fakesmtp.faults.watching import WatchedScript

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
# Faults for a test.
seed = 7

[[fault]]
name = "greylisting"
where = "rcpt"
to = "*@example.org"
reply = "451 4.7.1 Try later"
times = 2

[[fault]]
where = "end-of-data"
what = "lose-reply"
probability = 0.5
headers = { X-Campaign = "spring*" }

[limits]
messages-per-second = 5
recipients-per-message = { n = 3, reply = "452 4.5.3 Enough" }
"""
RULES = (
    Rule(
        name="greylisting",
        where="rcpt",
        to="*@example.org",
        reply="451 4.7.1 Try later",
        times=2,
    ),
    Rule(
        where="end-of-data",
        what="lose-reply",
        probability=0.5,
        seed=7,
        headers={"X-Campaign": "spring*"},
    ),
    FaultScript().limit("messages-per-second", 5).rule,
    FaultScript().limit("recipients-per-message", 3, reply="452 4.5.3 Enough").rule,
)
#: The content of a JSON file with the same rules.
TABLE = {
    "seed": 7,
    "fault": [
        {
            "name": "greylisting",
            "where": "rcpt",
            "to": "*@example.org",
            "reply": "451 4.7.1 Try later",
            "times": 2,
        },
        {
            "where": "end-of-data",
            "what": "lose-reply",
            "probability": 0.5,
            "headers": {"X-Campaign": "spring*"},
        },
    ],
    "limits": {
        "messages-per-second": 5,
        "recipients-per-message": {"n": 3, "reply": "452 4.5.3 Enough"},
    },
}


def write(folder: Path, text: str, name: str = "faults.toml") -> Path:
    """Write a file of faults."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_toml(tmp_path: Path) -> None:
    """A TOML file has the same rules as the same options in Python."""
    rules = read_file(write(tmp_path, FILE))
    assert rules == RULES
    assert [rule.origin.rpartition(":")[2] for rule in rules] == ["4", "11", "18", "19"]


def test_json(tmp_path: Path) -> None:
    """A JSON file and a parsed request have the same rules as the TOML file."""
    text = json.dumps(TABLE, indent=1)
    assert read_file(write(tmp_path, text, "faults.json")) == RULES
    assert read_table(TABLE) == RULES


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[fault]]\nwhere = 'rcpt'\nreply = 'no'\n", ":3: reply must be a code and an ASCII"),
        ("[[fault]]\nwhat = 'drop'\n", ":1: a fault needs the option where"),
        ("\n[[fault]]\nwhere = 'mial'\nwhat = 'drop'", ":3: where must be a stage, not 'mial'"),
        ("[[fault]]\nwhere='quit'\nwhat='drop'\ntims=1", ":4: a fault has no option 'tims'; did"),
        (
            "[[fault]]\nwhere='quit'\nwhat='drop'\n[[fault]]\nwhere='rcpt'\nseconds=0",
            ":6: seconds must be a number from 0.000001",
        ),
        (
            "[[fault]]\nwhere='tls-handshake'\nwhat='half-reply'",
            ":2: half-reply is not possible at tls-handshake; it is at greeting, ehlo",
        ),
        ("[[fault]]\nwhere='mail'\nwhat='drop'\nover-rate=0", ":4: over_rate must be a whole num"),
        ("[[fault]]\nwhere='mail'\nwhat='drop'\nnth=2\nafter=3", ":5: nth = 2 and after = 3 do"),
        ("[limits]\nmessages-per-second = {n = 5, nth = 2}", ":2: nth = 2 and over_rate = 5 do"),
        ("[limits]\nmessages-per-secnd = 1", ":2: 'messages-per-secnd' is not a limit; did"),
        ("[limits]\nsize = 'big'", ":2: size must be a whole number of at least 1, not 'big'"),
        ("[limits]\nsize = { n = 1, replay = '5' }", ":2: a fault has no option 'replay'"),
        ("limits = 1", ":1: limits must be a table ([limits] in TOML), not 1"),
        ("fault = 1", ":1: fault must be a list of tables ([[fault]] in TOML), not 1"),
        ("fault = [1]", ":1: a fault must be a table, not 1"),
        ("seed = [1]", ":1: seed must be a whole number or a text, not [1]"),
        ("\nfaults = 1", ":2: 'faults' is not a key; did you mean 'fault'?"),
        ("a = 1\n[[fault]\n", ":2: not valid TOML"),
    ],
)
def test_invalid_toml(tmp_path: Path, text: str, says: str) -> None:
    """An error in a file names file and line, what is wrong and what would be right."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        read_file(path)
    assert f"{path}{says}" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"fault": [\n{"where": "rcpt",\n "what": "drop"},\n{"where": "x"}]}', ":4: where must"),
        ('{"fault": [{\n"where": "rcpt",\n"reply": "x"}]}', ":3: reply must be"),
        (
            '{"fault": [{"where": "quit",\n"between": ["00:00", "00:00"],\n"what": "drop"}]}',
            ":2: between must begin and end at different times of day",
        ),
        ('{"fault": [\n}', ":2: not valid JSON"),
        ("[]", ": faults must be a table, not []"),
    ],
)
def test_invalid_json(tmp_path: Path, text: str, says: str) -> None:
    """An error in a JSON file names its line, too."""
    path = write(tmp_path, text, "faults.json")
    with pytest.raises(ConfigurationError) as refused:
        read_file(path)
    assert f"{path}{says}" in str(refused.value)


def test_invalid_request() -> None:
    """An error outside of a file names the number of the fault."""
    with pytest.raises(ConfigurationError, match=r"^fault 2: where must be a stage, not 'x'"):
        read_table({"fault": [{"where": "rcpt", "what": "drop"}, {"where": "x"}]})


def test_missing_file(tmp_path: Path) -> None:
    """A file that cannot be read is a configuration error."""
    with pytest.raises(ConfigurationError, match=r"cannot read .*none\.toml"):
        FaultScript().load(tmp_path / "none.toml")


def test_watched_file(tmp_path: Path) -> None:
    """A changed file is read when a session begins; an invalid one keeps the old rules."""
    path = write(tmp_path, FILE)
    changed: list[FaultScript] = []
    failed: list[str] = []
    script = WatchedScript(path, changed=changed.append, failed=failed.append)
    script._begin_session()
    assert (script.rules, changed, failed) == (RULES, [], [])
    write(tmp_path, "[[fault]]\nwhere = 'quit'\nwhat = 'drop'\n")
    script._begin_session()
    script._begin_session()
    assert script.rules == (Rule(where="quit", what="drop"),)
    assert (changed, failed) == ([script], [])
    write(tmp_path, "[[fault]]\nwhere = 'quit'\nwhat = 'drip'\n")
    script._begin_session()
    script._begin_session()
    assert script.rules == (Rule(where="quit", what="drop"),)
    assert len(failed) == 1
    assert f"{path}:3: what must be a kind of fault, not 'drip'; did you mean 'drop'?" in failed[0]
    path.unlink()
    script.look()
    assert len(failed) == 2
    assert script.rules == (Rule(where="quit", what="drop"),)


def test_a_limit_without_its_number() -> None:
    """It would apply always; the error says what is missing."""
    with pytest.raises(ConfigurationError, match="the limit size needs n, the number of bytes"):
        read_table({"limits": {"size": {}}})
