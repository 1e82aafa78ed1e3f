"""The README's words hold: its examples run, its links lead somewhere, its table is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_fakesmtp.view import FakeSMTPView

from fakesmtp import FakeSMTP, Policy
from fakesmtp.cli.options import SETTINGS
from fakesmtp.smtp.listeners import ENDPOINT_PORTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
pytest_plugins = ["pytester"]


@pytest.mark.parametrize("number", [0, 2])
def test_the_fixture_examples_run(pytester: pytest.Pytester, number: int) -> None:
    """The examples of tests pass as they stand, in a folder of their own, unconfigured."""
    pytester.makepyfile(EXAMPLES[number])
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_program_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The second example runs, and shows the session without the SecretKey."""
    exec(EXAMPLES[1], {})  # noqa: S102 - our own README
    shown = capsys.readouterr().out
    assert "C: AUTH PLAIN AppKey=AppKey mailType=ad SecretKey=***" in shown


def test_there_are_no_examples_that_nobody_runs() -> None:
    """A new example needs a test here."""
    assert len(EXAMPLES) == 3


def test_links_lead_somewhere() -> None:
    """Every file that the README links to is there."""
    missing = [t for t in re.findall(r"\]\(([^)#:]+)\)", README) if not (ROOT / t).exists()]
    assert missing == []


def test_the_table_of_ports_is_true() -> None:
    """The local ports of `fakesmtp serve` are the endpoint's plus 1000."""
    rows = re.findall(r"^\| ([\d, ]+) \| ([\d, ]+) \| (.+) \|$", README, re.MULTILINE)
    told = {}
    for real, local, tls in rows:
        for port, local_port in zip(real.split(", "), local.split(", "), strict=True):
            assert int(local_port) == int(port) + 1000
            told[int(port)] = tls == "from the start"
    assert told == dict(ENDPOINT_PORTS)


def test_what_is_mentioned_exists() -> None:
    """The option, the variable and the attributes that the README names are there."""
    assert "port_offset" in {name.replace("-", "_") for name in SETTINGS}
    assert any(name.startswith("unsafe_") for name in Policy.names())
    owners = {"smtp": FakeSMTP, "fakesmtp": FakeSMTPView}
    for name, attribute in re.findall(r"\b(fakesmtp|smtp)\.(\w+)\(", "".join(EXAMPLES)):
        assert hasattr(owners[name], attribute)
