"""The samples and names of docs/sessions.md, and the example of a snapshot test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT, read_page, samples_of

from fakesmtp.sessions import Event, Phase, Transaction, notes
from fakesmtp.sessions.events import KINDS
from fakesmtp.sessions.live import LiveSession
from fakesmtp.sessions.loading import load

EXAMPLE = ROOT / "examples" / "sessions"
PAGE = read_page("docs/sessions.md")


def run_example(folder: Path, **environ: str) -> str:
    """Run the example's test as a user would; return the output of pytest."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | environ,
    )
    return done.stdout


def test_snapshot_example(tmp_path: Path) -> None:
    """The example passes unchanged, fails when the app sends something else, updates its file."""
    copy = Path(shutil.copytree(EXAMPLE, tmp_path / "copy"))
    assert "1 passed" in run_example(copy)
    test = copy / "test_snapshot.py"
    test.write_text(test.read_text(encoding="utf-8").replace("kim@", "lee@"), encoding="utf-8")
    assert "1 failed" in run_example(copy)
    assert "1 passed" in run_example(copy, UPDATE_SNAPSHOTS="1")
    assert "lee@example.com" in (copy / "order_message.txt").read_text(encoding="utf-8")


def test_python_example_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The example prints the output that the page shows."""
    code, printed = (sample.code for sample in samples_of("docs/sessions.md")[:2])
    exec(code, {})  # noqa: S102 - our own page
    assert capsys.readouterr().out == printed


def test_recording_on_the_page(tmp_path: Path) -> None:
    """The lines of the recording on the page can be loaded."""
    (recording,) = samples_of("docs/sessions.md", "json")
    path = tmp_path / "3f2a1b-17.jsonl"
    path.write_text(recording.code, encoding="utf-8")
    session = load(path)
    assert (session.id, session.port) == ("3f2a1b-17", 587)
    assert [event.kind for event in session.events] == ["client", "server"]


@pytest.mark.parametrize("words", [tuple(KINDS), tuple(Phase)])
def test_page_names_kinds_and_phases(words: tuple[str, ...]) -> None:
    """Every kind of event and every phase is on the page."""
    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_page_names_every_note() -> None:
    """Every note about a client is on the page."""
    texts = [
        value for name, value in vars(notes).items() if name.isupper() and isinstance(value, str)
    ]
    assert len(texts) > 5
    assert [text for text in texts if text not in PAGE] == []


def test_names_on_the_page_exist() -> None:
    """Attributes of sessions, transactions and events that the page names exist."""
    named = set(re.findall(r"`(session|transaction|event)\.(\w+)", PAGE))
    assert len(named) > 10
    kinds = {"session": LiveSession, "transaction": Transaction, "event": Event}
    missing = [f"{kind}.{name}" for kind, name in named if not hasattr(kinds[kind], name)]
    assert missing == []
