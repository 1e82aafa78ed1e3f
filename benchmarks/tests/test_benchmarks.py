"""The benchmarks run, detect lost messages, and evaluate the goals."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks.environment import ROOT, prepare
from benchmarks.findings import compare, make_messages
from benchmarks.goals import GOALS, MEASURES
from benchmarks.loads import AIOSMTPD, ASYNCIO, LOADS, SMTP_SINK, UVLOOP
from benchmarks.message import Message
from benchmarks.page import render, write_page
from benchmarks.peers import PEERS
from benchmarks.results import Results
from benchmarks.running import LoadError, running
from fakesmtp.findings import MessageReading, default_rules
from fakesmtp.protocol.credentials import MailType

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.running import Run


@pytest.fixture
def results() -> Results:
    """Return invented figures."""
    results = Results({"date": "2026-01-02"}, {"Mailpit": "not installed"})
    for rate in (900, 600, 650):
        results.add("T1", ASYNCIO, {"rate": rate, "cpu": 50, "client": 0.99})
        results.add("T1", UVLOOP, {"rate": rate, "cpu": 50})
        results.add("T1", SMTP_SINK, {"rate": 1000, "cpu": 40})
    results.add("T5", ASYNCIO, {"memory": 4608})
    results.add("T5", UVLOOP, {"memory": 4609})
    results.fail("T1", AIOSMTPD, "it went\naway")
    results.fail("T1", SMTP_SINK, "busy")
    return results


@pytest.fixture(params=[ASYNCIO, AIOSMTPD])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Return a run with a server that keeps five messages."""
    with running(prepare(), PEERS[request.param], LOADS["T3"]) as run:
        run.send(count=5, seconds=30)
        yield run


def row(page: str, name: str) -> list[str]:
    """Return the cells of the first row with this name."""
    line = next(line for line in page.splitlines() if line.startswith(f"| {name} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_quick_run(tmp_path: Path) -> None:
    """`make bench ARGS=--quick` measures every load of every installed server."""
    arguments = f"ARGS=--quick --out {tmp_path}"
    done = subprocess.run(
        ["make", "bench", arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = Results.read(tmp_path / "performance" / "results.jsonl")
    installed = {
        (name, server)
        for name, load in LOADS.items()
        for server in load.servers
        if server not in results.missing
    }
    assert results.figures.keys() | results.failed.keys() == installed
    assert (tmp_path / "performance.md").exists()


def test_message_has_its_size_and_a_number() -> None:
    """A message has its size, and only its form on the wire is dot-stuffed."""
    message = Message.of_size(2_291)
    assert len(message.raw) == 2_291
    assert message.raw.count(b"00000000") == 1
    assert b"\r\n.a line" in message.raw
    assert b"\r\n..a line" in message.on_the_wire


def test_kept_messages_pass_the_check(run: Run) -> None:
    """A server that keeps all messages passes the check."""
    run.check()


def test_lost_message_is_detected(run: Run) -> None:
    """A server that keeps fewer messages than were sent fails the check."""
    run.sent += 1
    with pytest.raises(LoadError, match="6 sent, 5 kept"):
        run.check()


def test_altered_message_is_detected(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that alters a message fails the check."""
    raw = Message.of_size(run.load.size).raw.replace(b"a line", b"A line")
    monkeypatch.setattr(Message, "of_size", lambda _: Message(raw))
    with pytest.raises(LoadError, match="lost or altered: 5 sent, 5 kept"):
        run.check()


def test_goals_are_evaluated_for_each_loop(results: Results) -> None:
    """The median is compared, the limit itself is allowed, and missing figures are named."""
    page = render(results)
    assert row(page, "T1")[2:] == ["≥ 0.6", "≥ 0.7", "0.65 ✓ (0.8)", "0.65 ✗ (0.8)"]
    assert row(page, "T5")[2:] == ["≤ 4,608", "≤ 4,608", "4,608 ✓", "4,609 ✗"]
    assert row(page, "T8")[-2:] == ["not measured", "not measured"]
    assert {goal.measure for goal in GOALS} < MEASURES.keys()


def test_figures_are_marked(results: Results) -> None:
    """A client at its limit, failed runs and a missing server are marked."""
    figures = render(results).split("## Figures")[1]
    assert row(figures, "T1")[2:6] == ["650 *", "650", "failed", "1,000"]
    assert "- **T1: aiosmtpd failed** (runs not counted: 1): it went away" in figures
    assert "- Without Mailpit: not installed." in figures


def test_page_is_made_from_the_file(results: Results, tmp_path: Path) -> None:
    """The file of results gives the same page and the same chart again."""
    first, second = (tmp_path / name for name in "ab")
    write_page(results, first)
    write_page(Results.read(first / "performance" / "results.jsonl"), second)
    for name in ("performance.md", "performance/results.jsonl", "performance/speed.svg"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_findings_are_compared() -> None:
    """Each message of the comparison breaks a rule, and both times are measured."""
    for raw in make_messages().values():
        assert default_rules().check_message(MessageReading(raw, mail_type=MailType.AD))
        assert min(compare(raw, rounds=1)) > 0
