"""The README is correct: samples run, the failure report is real, the table of ports is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pages import ROOT, read_page, samples_of

from fakesmtp.smtp.listeners import ENDPOINT_PORTS

if TYPE_CHECKING:
    import pytest

README = read_page("README.md")
(TEST,) = [sample.code for sample in samples_of("README.md") if sample.is_test]
REPORT = samples_of("README.md", "text")[0].code
LOGIN = 'fakesmtp.account.username("auth")'
WRONG_LOGIN = 'fakesmtp.account.app_key + "#promo"'
pytest_plugins = ["pytester"]


def mask_numbers(line: str) -> str:
    """Replace what changes with every run (times, ports, ids); collapse runs of spaces and `-`."""
    line = line.replace("[::1]", "127.0.0.1")
    named = re.sub(r"(session|from) \S+", r"\1 N", line)  # an id may have no digit
    return re.sub(r"[ -]+", " ", re.sub(r"[0-9a-f]*\d[0-9a-f]*(\.\d+)?", "N", named)).strip()


def test_sample_passes_without_configuration(pytester: pytest.Pytester) -> None:
    """The test of the README passes unchanged, in an empty folder."""
    pytester.makepyfile(TEST)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_failure_report_is_real(pytester: pytest.Pytester) -> None:
    """The same test with a wrong mail type fails with every line that the README shows."""
    assert LOGIN in TEST
    pytester.makepyfile(TEST.replace(LOGIN, WRONG_LOGIN))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    shown = [mask_numbers(line) for line in result.outlines]
    missing = [line for line in REPORT.splitlines() if mask_numbers(line) not in [*shown, "..."]]
    assert missing == []


def test_table_of_ports_is_correct() -> None:
    """The local ports of `fakesmtp serve` are the endpoint's ports plus 1000."""
    rows = re.findall(r"^\| ([\d, ]+) \| ([\d, ]+) \| (.+) \|$", README, re.MULTILINE)
    listed = {}
    for endpoint, local, tls in rows:
        for port, local_port in zip(endpoint.split(", "), local.split(", "), strict=True):
            assert int(local_port) == int(port) + 1000
            listed[int(port)] = tls == "implicit"
    assert listed == dict(ENDPOINT_PORTS)


def test_commands_exist() -> None:
    """The install line names an existing extra, and `make` has the targets."""
    install, _, make = (sample.code for sample in samples_of("README.md", "sh"))
    (extra,) = re.findall(r"\[(\w+)\]", install)
    assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"^make (\w+)$", make, re.MULTILINE) == ["serve", "test"]
    assert all(f"\n{target}:" in makefile for target in ("serve", "test"))
