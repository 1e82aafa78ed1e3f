"""Rules from files: the same words, and errors that name the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fakesmtp import ConfigurationError
from fakesmtp.faults import FaultScript, Rule
from fakesmtp.faults.reading import read_file, read_table
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
#: What JSON has for the same file.
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
    """A TOML file is read into the rules that Python's words make."""
    rules = read_file(write(tmp_path, FILE))
    assert rules == RULES
    assert [rule.origin.rpartition(":")[2] for rule in rules] == ["4", "11", "18", "19"]


def test_json(tmp_path: Path) -> None:
    """A JSON file is read into the same rules, and so is what a request holds."""
    text = json.dumps(TABLE, indent=1)
    assert read_file(write(tmp_path, text, "faults.json")) == RULES
    assert read_table(TABLE) == RULES


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[fault]]\nwhere = 'rcpt'\nreply = 'no'\n", ":3: reply cannot be: 'no' is no SMTP reply"),
        ("[[fault]]\nwhat = 'drop'\n", ":1: a fault needs `where`"),
        ("\n[[fault]]\nwhere = 'mial'\nwhat = 'drop'", ":3: where cannot be 'mial'; did you mean"),
        ("[[fault]]\nwhere='quit'\nwhat='drop'\ntims=1", ":4: a fault has no word 'tims'; did you"),
        (
            "[[fault]]\nwhere='quit'\nwhat='drop'\n[[fault]]\nwhere='rcpt'\nseconds=0",
            ":6: seconds is a number over 0",
        ),
        (
            "[[fault]]\nwhere='tls-handshake'\nwhat='half-reply'",
            ":2: half-reply cannot be at tls-handshake: it can be at greeting, ehlo",
        ),
        ("[[fault]]\nwhere='mail'\nwhat='drop'\nover-rate=0", ":4: over_rate is a whole number"),
        ("[limits]\nmails-per-secnd = 1", ":2: there is no limit 'mails-per-secnd'; did you mean"),
        ("[limits]\nsize = 'big'", ":2: over_size is a whole number from 1, not 'big'"),
        ("[limits]\nsize = { n = 1, replay = '5' }", ":2: a fault has no word 'replay'"),
        ("limits = 1", ":1: limits are a table"),
        ("fault = 1", ":1: faults are a list: write [[fault]]"),
        ("fault = [1]", ":1: a fault is a table"),
        ("\nfaults = 1", ":2: there is no 'faults'; did you mean 'fault'?"),
        ("a = 1\n[[fault]\n", ":2: this is no TOML"),
    ],
)
def test_wrong_toml(tmp_path: Path, text: str, says: str) -> None:
    """A wrong file is refused with file and line, what is wrong and what is near."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        read_file(path)
    assert f"{path}{says}" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"fault": [\n{"where": "rcpt",\n "what": "drop"},\n{"where": "x"}]}', ":4: where cannot"),
        ('{"fault": [{\n"where": "rcpt",\n"reply": "x"}]}', ":3: reply cannot be"),
        ('{"fault": [\n}', ":2: this is no JSON"),
        ("[]", ": a script of faults is a table"),
    ],
)
def test_wrong_json(tmp_path: Path, text: str, says: str) -> None:
    """A wrong JSON file is refused with its line, too."""
    path = write(tmp_path, text, "faults.json")
    with pytest.raises(ConfigurationError) as refused:
        read_file(path)
    assert f"{path}{says}" in str(refused.value)


def test_wrong_request() -> None:
    """What is in no file is named by its number."""
    with pytest.raises(ConfigurationError, match=r"^fault 2: where cannot be 'x'"):
        read_table({"fault": [{"where": "rcpt", "what": "drop"}, {"where": "x"}]})


def test_missing_file(tmp_path: Path) -> None:
    """A file that cannot be read is an error of configuration."""
    with pytest.raises(ConfigurationError, match=r"cannot read .*none\.toml"):
        FaultScript().load(tmp_path / "none.toml")


def test_watched_file(tmp_path: Path) -> None:
    """A changed file is read when a session begins; a wrong one keeps the rules, and says why."""
    path = write(tmp_path, FILE)
    changed: list[FaultScript] = []
    failed: list[str] = []
    script = WatchedScript(path, changed=changed.append, failed=failed.append)
    script.begin_session()
    assert (script.rules, changed, failed) == (RULES, [], [])
    write(tmp_path, "[[fault]]\nwhere = 'quit'\nwhat = 'drop'\n")
    script.begin_session()
    script.begin_session()
    assert script.rules == (Rule(where="quit", what="drop"),)
    assert (changed, failed) == ([script], [])
    write(tmp_path, "[[fault]]\nwhere = 'quit'\nwhat = 'drip'\n")
    script.begin_session()
    script.begin_session()
    assert script.rules == (Rule(where="quit", what="drop"),)
    assert len(failed) == 1
    assert f"{path}:3: what cannot be 'drip'; did you mean 'drop'?" in failed[0]
    path.unlink()
    script.look()
    assert len(failed) == 2
    assert script.rules == (Rule(where="quit", what="drop"),)
