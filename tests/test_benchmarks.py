"""The page of the benchmarks says what the runs show, and no more; the runs here are made up."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MACHINE = {"time": "2026-01-02T03:04:05+00:00", "cpu": "Abacus", "python": "3.11.7"}
MODULES = ("page", "results", "run", "fixture", "installed")


def of(load: str, peer: str, *figures: float, **more: object) -> list[dict[str, object]]:
    """Runs of one server under one load."""
    return [{"load": load, "peer": peer, "figure": figure, **more} for figure in figures]


RUNS = [
    *of("t1", "fakesmtp", 9000, 11000, 10000, cpu=95, client_load=0.4, checked=True),
    *of("t1", "aiosmtpd", 4000, cpu=190, client_load=0.2, checked=True),
    *of("t1", "smtp-sink", 16000, cpu=40, client_load=0.99),
    *of("t1", "smtp-server", 12500, cpu=70, client_load=0.5),
    *of("t3", "fakesmtp", 1000, cpu=100, client_load=0.3),
    *of("t3", "aiosmtpd", 800, cpu=1250),
    *of("t4", "fakesmtp", 500, cpu=10000),
    {"load": "t4", "peer": "smtp-sink", "failed": "no\n  220"},
    *of("t5", "fakesmtp", 2991),
    *of("t5big", "fakesmtp", 1_031_000),
    *of("t6", "fakesmtp", 90.0, 92.0),
    *of("t6", "fakesmtp serve", 170.0),
    *of("t7", "fakesmtp", 6000, latency=0.5),
    *of("t8", "fakesmtp", 0.9, 1.1, 0.8),
    *of("t8", "smtpdfix", 3.6),
    *of("t8", "aiosmtpd, session scope", 1.2),
]


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[dict[str, ModuleType]]:
    """The scripts as modules; they find each other as they do when they are run."""
    known = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield {name: importlib.import_module(name) for name in MODULES}
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
            del sys.modules[name]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write(runs, **about)` gives a file of results."""

    def write(runs: object, name: str = "results.json", **about: object) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps({"machine": MACHINE, **about, "runs": runs}), encoding="utf-8")
        return path

    return write


@pytest.fixture
def make(benchmarks: dict[str, ModuleType]) -> Callable[..., str]:
    """`make(path, …)` gives the page's text."""

    def make(*paths: Path) -> str:
        results = benchmarks["results"].read_results(paths)
        text: str = benchmarks["page"].make_page(results, "performance")
        return text

    return make


def cells(page: str, name: str, table: int = 0) -> dict[str, str]:
    """A row by its first cell, as a dictionary of its cells by the heads of their columns."""
    heads: list[str] = []
    found = []
    for line in page.splitlines():
        if not line.startswith("|"):
            heads = []
            continue
        row = [cell.strip() for cell in line.strip("|").split("|")]
        heads = heads or row
        if row[0] == name:
            found.append(dict(zip(heads, row, strict=True)))
    return found[table]


def run_page(*arguments: object, seed: str = "0") -> subprocess.CompletedProcess[str]:
    """Run page.py as a user does."""
    return subprocess.run(
        [sys.executable, BENCHMARKS / "page.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": seed},
        timeout=120,
    )


@pytest.fixture
def page(write: Callable[..., Path], make: Callable[..., str]) -> str:
    """The page of `RUNS`."""
    return make(write(RUNS, missing={"smtp-gone": "it is not installed"}))


def test_a_row_has_medians_and_ratios(page: str) -> None:
    """The median of each server stands there, and fakesmtp's divided by it."""
    row = cells(page, "T1")
    assert (row["fakesmtp"], row["runs"], row["unit"]) == ("10,000", "3", "mails/s")
    assert row["aiosmtpd"] == "4,000 (2.5)"
    assert row["smtp-server"] == "12,500 (0.8)"


def test_a_full_client_is_marked(page: str) -> None:
    """A server that the client could not load fully is marked, also where a goal names it."""
    row = cells(page, "T1")
    assert row["smtp-sink"] == "16,000 *c* (0.625)"
    assert row["reached"].startswith("**yes** (0.625; smtp-sink client-bound)")


@pytest.mark.parametrize(
    ("name", "goal", "reached"),
    [
        ("T1", "≥ 1 times smtp-server", "no (0.8)"),
        ("T3", "≥ 1.7 times aiosmtpd", "no (1.25)"),
        ("T5", "≤ 2,991 bytes (the mail + 700)", "**yes**"),
        ("T5 1 MB", "≤ 1,030,250 bytes (1.03 times the mail)", "no"),
        ("T6", "≤ 100 ms", "**yes**"),
        ("T6 serve", "≤ 160 ms", "no"),
        ("T7", "≤ 6,144 bytes (6 KB)", "**yes**"),
        ("T7 latency", "≤ 0.75 ms", "**yes**"),
        ("T8", "≤ 0.67 times aiosmtpd, session scope (0.95 of 1.41 ms)", "no (0.75)"),
    ],
)
def test_a_goal_is_reached_or_not(page: str, name: str, goal: str, reached: str) -> None:
    """More is better for speed, less for memory and time; the limit itself is reached."""
    row = cells(page, name)
    assert row["goal"].split("<br>")[-1] == goal
    assert row["reached"].split("<br>")[-1] == reached


def test_the_goals_are_counted(page: str) -> None:
    """The page begins with what is reached, what is not, and what is open."""
    assert "6 of 17 goals are reached in these runs." in page
    assert "Not reached: T1 (≥ 1 times smtp-server); T3 (" in page
    assert "Open: T1p (≥ 0.5 times smtp-sink: fakesmtp not measured); " in page


def test_few_runs_are_confessed(write: Callable[..., Path], make: Callable[..., str]) -> None:
    """Goals are for medians of five runs, and a page with fewer says so."""
    sentence = "some figures here have fewer"
    assert sentence in make(write(of("t1", "fakesmtp", 1, 2, 3, 4)))
    assert sentence not in make(write(of("t1", "fakesmtp", 1, 2, 3, 4, 5)))


def test_a_failure_is_shown(page: str) -> None:
    """A server that failed has no figure; its reason stands below on one line."""
    row = cells(page, "T4")
    assert (row["smtp-sink"], row["reached"]) == ("failed", "open: smtp-sink failed")
    assert "- **t4, smtp-sink failed**: no 220" in page


def test_a_lost_mail_is_a_failure(write: Callable[..., Path], make: Callable[..., str]) -> None:
    """One run that lost a mail takes the figures of all, and the praise below the table."""
    lost = [*of("t1", "fakesmtp", 9e9, checked=False), *of("t1", "fakesmtp", 9e9, checked=True)]
    page = make(write(lost))
    assert cells(page, "T1")["fakesmtp"] == "failed"
    assert "mails were lost or altered" in page
    assert "Every mail was there" not in page


def test_what_is_missing_is_shown(page: str) -> None:
    """A server without runs has a dash, a load without runs is named, as is who is not there."""
    assert cells(page, "T3")["smtp-sink"] == "-"
    assert cells(page, "T2")["reached"] == "open: fakesmtp not measured"
    assert "- **Not run: t1p, t2, t4tls, t8tls.**" in page
    assert "- Without smtp-gone: it is not installed." in page


def test_runs_on_one_cpu_are_told_of(write: Callable[..., Path], make: Callable[..., str]) -> None:
    """Fixtures measured with `--one-cpu` are not taken for those of the method."""
    bound = make(write(of("t8", "fakesmtp", 0.8), method={"tests": 300, "one CPU": True}))
    assert "bound to one CPU, unlike" in bound
    assert "bound to one CPU, unlike" not in make(write(of("t8", "fakesmtp", 0.8)))


def test_the_limit_is_named(page: str) -> None:
    """CPU time says what one CPU could do at most, and which CPU was full."""
    row = cells(page, "T1", table=1)
    assert (row["fakesmtp's CPU time"], row["aiosmtpd"]) == ("95", "190 (2)")
    assert (row["one CPU: mails/s"], row["busy"]) == ("10,526", "95 %")
    assert row["limit"] == "fakesmtp's CPU"
    assert cells(page, "T3", table=1)["limit"] == "neither CPU was full"
    assert cells(page, "T4", table=1)["busy"] == "50 %"


def test_the_page_says_of_what_it_was_made(
    write: Callable[..., Path], make: Callable[..., str]
) -> None:
    """Date, machine, versions and mode of the runs are there."""
    page = make(write(RUNS, versions={"aiosmtpd": "9.9"}, method={"quick": True, "seconds": 1.0}))
    for words in ("date 2026-01-02T03:04:05", "cpu Abacus", "aiosmtpd 9.9", "mode: quick"):
        assert words in page


def test_the_last_file_counts(write: Callable[..., Path], make: Callable[..., str]) -> None:
    """Of a load that two files have, all runs are the last one's; others stay the first one's."""
    later = write(of("t8", "fakesmtp", 0.5), "fixture.json", machine={"cpu": "Other"})
    page = make(write(RUNS), later)
    assert cells(page, "T8")["fakesmtp"] == "0.5"
    assert cells(page, "T8").get("smtpdfix") is None
    assert cells(page, "T1")["fakesmtp"] == "10,000"
    assert "loads: t8\n- cpu Other" in page


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "holds no JSON"),
        ("[]", 'it wants a list "runs" with some in it'),
        ('{"runs": []}', 'it wants a list "runs" with some in it'),
        ('{"machine": 1, "runs": [1]}', 'its "machine" is no object'),
        ('{"runs": [1]}', "run 1 is no object"),
        ('{"runs": [{"load": "t1"}]}', 'run 1 has no "peer"'),
        ('{"runs": [{"load": "t9", "peer": "a", "figure": 1}]}', "run 1 is of a load 't9'"),
        ('{"runs": [{"load": "t1", "peer": "a", "figure": "1"}]}', "'1' as its \"figure\""),
        ('{"runs": [{"load": "t1", "peer": "a", "figure": NaN}]}', 'nan as its "figure"'),
        ('{"runs": [{"load": "t1", "peer": "a", "speed": 1}]}', 'has a "speed"'),
        ('{"runs": [{"load": "t1", "peer": "a"}]}', 'neither a "figure" nor a "failed"'),
    ],
)
def test_a_bad_file_is_one_sentence(
    tmp_path: Path, benchmarks: dict[str, ModuleType], content: str, why: str
) -> None:
    """The error names the file and what is wrong with it."""
    path = tmp_path / "bad.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(benchmarks["results"].BadResultsError) as error:
        benchmarks["results"].read_results([path])
    assert str(error.value).startswith(str(path))
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The command ends with 1 and one sentence, and writes no page."""
    done = run_page(tmp_path / "none.json", "--out", tmp_path / "page.md")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "none.json: No such file or directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_same_files_again(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    """Page and charts depend on the runs alone; the charts are small, see-through SVG."""
    path = write(RUNS)
    made = []
    for seed in "12":
        out = tmp_path / seed / "performance.md"
        out.parent.mkdir()
        done = run_page(path, "--out", out, seed=seed)
        assert (done.returncode, done.stderr) == (0, "")
        charts = sorted(out.with_suffix("").glob("*.svg"))
        assert all(f"](performance/{chart.name})" in out.read_text("utf-8") for chart in charts)
        made.append([file.read_bytes() for file in (out, *charts)])
    assert made[0] == made[1]
    assert len(made[0]) == 1 + 6
    for chart in made[0][1:]:
        check_chart(chart)


def check_chart(chart: bytes) -> None:
    """Small, without a date, with text as text; nothing is white, black or a background."""
    assert len(chart) < 40_000
    assert b"dc:date" not in chart
    assert b"<text" in chart
    for colour in (b"#ffffff", b"#000000", b"fill: white", b"fill: black"):
        assert colour not in chart
    assert ET.fromstring(chart).tag.endswith("svg")  # noqa: S314 - our own chart


def test_a_fixtures_timings_become_runs(benchmarks: dict[str, ModuleType]) -> None:
    """A fixture's figure is milliseconds a test over the empty one; a failure keeps its reason."""
    fixture = benchmarks["fixture"]
    timings = [
        {
            "empty": fixture.Timing(1.0, (0.1,) * 10),
            "fakesmtp": fixture.Timing(1.5, (0.1,) * 10),
            "smtpdfix": fixture.Timing(9.0, (0.1,) * 10),
        }
    ]
    runs = fixture.Timings(timings, {"smtpdfix": "1 failed"}).as_runs("t8")
    assert [run.as_json() for run in runs] == [
        {"load": "t8", "peer": "fakesmtp", "figure": 50.0},
        {"load": "t8", "peer": "smtpdfix", "failed": "1 failed"},
    ]


def test_a_fixture_that_fails_drops_out(
    benchmarks: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a round of one test, repetitions interleave what is wanted and has not failed."""
    fixture = benchmarks["fixture"]
    ran: list[tuple[str, int]] = []

    def run(scenario: Any, tests: int, **_: object) -> object:  # noqa: ANN401 - a script's class
        ran.append((scenario.name, tests))
        if scenario.name == "fakesmtp":
            raise RuntimeError("1 failed")
        return fixture.Timing(1.0, (0.1,) * tests)

    monkeypatch.setattr(fixture, "run", run)
    last = "aiosmtpd, session scope"
    timings = fixture.measure(3, 2, tls=False, python=Path("python"), wanted=["fakesmtp", last])
    assert ran[:3] == [("empty", 1), ("fakesmtp", 1), (last, 1)]
    assert ran[3:] == [("empty", 3), (last, 3)] * 2
    assert dict(timings.failed) == {"fakesmtp": "1 failed"}
    assert [run.peer for run in timings.as_runs("t8")] == [last, last, "fakesmtp"]


def test_run_makes_a_page_of_what_it_measured(
    benchmarks: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--page` takes the results of this very run, fixtures among them."""
    run = benchmarks["run"]
    asked: list[Any] = []

    def measure(tests: int, repetitions: int, **_: object) -> object:
        asked.append((tests, repetitions))
        timing = benchmarks["fixture"].Timing
        both = {"empty": timing(1.0, (0.1,)), "fakesmtp": timing(1.0005, (0.1,))}
        return benchmarks["fixture"].Timings([both] * repetitions, {})

    out = tmp_path / "performance.md"
    options = ["--quick", "--only", "t8", "--peers", "fakesmtp", "--page", str(out)]
    monkeypatch.setattr(sys, "argv", ["run.py", *options, "--json", str(tmp_path / "r.json")])
    monkeypatch.setattr(run, "measure_fixtures", measure)
    monkeypatch.setattr(run, "make_environment", lambda _: tmp_path)
    monkeypatch.setattr(run, "make_client", lambda _: type("Client", (), {"why_slow": ""}))
    monkeypatch.setattr(run, "_allow_many_files", lambda: None)
    monkeypatch.setattr(run, "CACHE", tmp_path)
    monkeypatch.setattr("page.draw_charts", lambda *_: None)
    assert run.main() == 0
    assert asked == [(100, 2)]
    assert cells(out.read_text(encoding="utf-8"), "T8")["fakesmtp"] == "0.5"


def test_servers_run_as_installed(benchmarks: dict[str, ModuleType], tmp_path: Path) -> None:
    """Their environment has the wheel and the libraries, no hook; it is kept while it is fresh."""
    make = benchmarks["installed"].make_environment
    programs = make(tmp_path)
    program = "import sys, aiosmtpd, fakesmtp; print(fakesmtp.__file__, 'editables' in sys.modules)"
    done = subprocess.run(
        [programs / "python", "-c", program],
        cwd=tmp_path,  # not the checkout, whose package would be found first
        capture_output=True,
        text=True,
        check=True,
    )
    path, hooked = done.stdout.split()
    assert (Path(path).is_relative_to(tmp_path), hooked) == (True, "False")
    assert (programs / "fakesmtp").exists()
    made = (programs / "python").lstat().st_ctime_ns
    assert make(tmp_path) == programs
    assert (programs / "python").lstat().st_ctime_ns == made
