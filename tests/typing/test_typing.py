"""Type checkers reject wrong calls, and keyword types have exactly the names of run time."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
from pytest_fakesmtp.keywords import MarkerOptions
from pytest_fakesmtp.markers import marker_options

from fakesmtp import FakeSMTP, MailType, Policy
from fakesmtp.faults import Stage
from fakesmtp.faults import keywords as fault_keywords
from fakesmtp.faults.kinds import FLAWS, KINDS
from fakesmtp.faults.limits import LIMITS
from fakesmtp.faults.rules import RULE_OPTIONS
from fakesmtp.faults.schedule import COUNTED_PER
from fakesmtp.keywords import ServerOptions
from fakesmtp.messages.keywords import MessageConditions
from fakesmtp.messages.matching import CONDITIONS
from fakesmtp.protocol import policy
from fakesmtp.protocol.keywords import MailTypeName, Switches

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
REJECTED = "tests/typing/rejected/calls.py"
Errors = set[tuple[int, str]]


def run(checker: str, *options: str) -> str:
    """Return the output of a checker for the file that must be rejected."""
    command = [sys.executable, "-m", checker, *options, REJECTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def ask_mypy() -> Errors:
    """Return the lines that mypy rejects, with the code of each error."""
    printed = run("mypy", "--no-pretty")
    pattern = re.compile(rf"^{re.escape(REJECTED)}:(\d+): error: .*\[([a-z-]+)\]$", re.MULTILINE)
    return {(int(line), code) for line, code in pattern.findall(printed)}


def ask_pyright() -> Errors:
    """Return the lines that pyright rejects, with the rule of each error."""
    printed = run("pyright", "--outputjson", "--pythonpath", sys.executable)
    found = json.loads(printed)["generalDiagnostics"]
    return {(each["range"]["start"]["line"] + 1, each["rule"]) for each in found}


def read_marks(checker: str) -> Errors:
    """Return the lines that are marked for a checker, with the marked codes."""
    lines = (ROOT / REJECTED).read_text(encoding="utf-8").splitlines()
    return {
        (number, code)
        for number, line in enumerate(lines, 1)
        for code in re.findall(rf"\b{checker}: ([\w-]+)", line.partition("  # ")[2])
    }


@pytest.mark.parametrize(("checker", "ask"), [("mypy", ask_mypy), ("pyright", ask_pyright)])
def test_rejected_calls(checker: str, ask: Callable[[], Errors]) -> None:
    """A checker rejects every marked line for the marked reason, and no other line."""
    marks = read_marks(checker)
    assert len(marks) > 30
    assert ask() == marks


NAMES = {
    "switches": (Switches, {"require_auth", *Policy.names()}),
    "server": (
        ServerOptions,
        {*inspect.signature(FakeSMTP.__init__).parameters, *Switches.__optional_keys__}
        - {"self", "switches"},
    ),
    "marker": (MarkerOptions, set(marker_options())),
    "conditions": (MessageConditions, set(CONDITIONS)),
    "fault": (fault_keywords.FaultOptions, set(RULE_OPTIONS) - {"where", "what"}),
    "reply": (
        fault_keywords.ReplyOptions,
        {*fault_keywords.RuleOptions.__optional_keys__, "reply", "close"},
    ),
}


@pytest.mark.parametrize("names", NAMES)
def test_names(names: str) -> None:
    """A TypedDict has exactly the names that exist at run time."""
    typed, known = NAMES[names]
    assert typed.__optional_keys__ == known
    assert not typed.__required_keys__


def test_options_of_fail() -> None:
    """`fail` accepts exactly the options of the kind `reply`."""
    own = (
        fault_keywords.ReplyOptions.__optional_keys__ - fault_keywords.RuleOptions.__optional_keys__
    )
    reply = KINDS["reply"]
    assert own == {*reply.needs, *reply.allows}


def test_types_of_switches() -> None:
    """A switch has the type of its field in `Policy`."""
    aliases = {"AuthPoint": policy.AuthPoint, "Lenience": policy.Lenience}
    switches = get_type_hints(Switches, localns=aliases)
    assert switches == {**get_type_hints(Policy), "require_auth": bool}


TEXTS = {
    "stages": (fault_keywords.StageName, tuple(Stage)),
    "kinds": (fault_keywords.KindName, tuple(KINDS)),
    "flaws": (fault_keywords.Flaw, FLAWS),
    "counted per": (fault_keywords.CountedPer, COUNTED_PER),
    "limits": (fault_keywords.LimitKind, tuple(LIMITS)),
    "mail types": (MailTypeName, tuple(MailType)),
}


@pytest.mark.parametrize("texts", TEXTS)
def test_texts(texts: str) -> None:
    """A Literal has exactly the texts that exist at run time, in their order."""
    literal, known = TEXTS[texts]
    assert get_args(literal) == known
