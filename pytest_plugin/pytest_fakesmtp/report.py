"""The SMTP sessions of a test in its report, and as files."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from fakesmtp.sessions.describing import describe_facts
from fakesmtp.sessions.diagnosis import describe_failures
from fakesmtp.text import cut
from pytest_fakesmtp.options import sessions_mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pytest

    from fakesmtp import Session
    from pytest_fakesmtp.records import Record

_SESSIONS = 3
_LINES = 40
_LONGEST_NAME = 100
_TITLE = "SMTP session"


def add_sections(record: Record, report: pytest.TestReport, mode: str) -> None:
    """Add a section for each session to a report, once for each test."""
    if mode != "none" and not record.shown and (report.failed or report.when == "call"):
        record.shown = True
        sections = make_sections(record.sessions, is_whole=mode == "all")
        report.sections += sections or [_none(f"; {_describe_listeners(record)}")]


def make_part(sessions: Sequence[Session], *, is_whole: bool) -> list[tuple[str, str]]:
    """Return title and text for every session of a subtest."""
    return make_sections(sessions, is_whole=is_whole) or [_none(" since the subtest before")]


def make_sections(sessions: Sequence[Session], *, is_whole: bool) -> list[tuple[str, str]]:
    """Return title and text for every session, the last few unless whole."""
    shown = sessions if is_whole else sessions[-_SESSIONS:]
    sections = [
        (title_of(session), "\n".join(describe(session, None if is_whole else _LINES)))
        for session in shown
    ]
    if len(shown) < len(sessions):
        left_out = f"{len(sessions) - len(shown)} earlier sessions are not shown; {_HOW_TO_SEE}"
        lines = [left_out, *describe_failures(sessions[: -len(shown)])]
        sections.insert(0, (f"{_TITLE}s", "\n".join(lines)))
    return sections


def _none(why: str) -> tuple[str, str]:
    return f"{_TITLE}s", f"no client connected{why}"


_HOW_TO_SEE = "--fakesmtp-sessions=all shows everything"


def _describe_listeners(record: Record) -> str:
    return "; ".join(
        f"the server listens on {source.host}, ports "
        + ", ".join(f"{local} (for {real})" for real, local in source.ports.items())
        for source in record.sources
    )


def title_of(session: Session) -> str:
    """Return the title of a session's section."""
    return f"{_TITLE} {session.id} on port {session.port} from {session.peer}"


def describe(session: Session, limit: int | None) -> list[str]:
    """Return the facts of a session and its lines, the last `limit` of them, long ones cut.

    With None they are all there, and whole.
    """
    lines = list(_lines(session))
    left_out = 0 if limit is None else max(0, len(lines) - limit)
    note = [f"({left_out} earlier lines are not shown; {_HOW_TO_SEE})"] if left_out else []
    shown = lines if limit is None else map(cut, lines[left_out:])
    why = [f"diagnosis: {session.diagnosis}"] if session.diagnosis else []
    return [_facts(session), *why, *note, *shown]


def _facts(session: Session) -> str:
    facts = {fact.name: fact.text for fact in describe_facts(session)}
    marks = " (marked with !)" if session.refused else ""
    return "; ".join(facts[name] for name in ("TLS", "login", "end", "refusals")) + marks


def _lines(session: Session) -> Iterator[str]:
    """Return the lines with milliseconds since connect; `!` marks what was refused."""
    for event in session.events:
        refused = "!" if event.is_refusal else " "
        at = f"{event.at / 1000:9.1f} ms"
        for text in event.text.split("\n"):
            yield f"{refused}{at}  {event.mark or '--'} {text}"
            at = " " * len(at)


# -- elsewhere than in the report ------------------------------------------------------------------


def show_passed(terminal: pytest.TerminalReporter) -> None:
    """Show the sessions of the tests that passed, unless `-rP` does so."""
    if sessions_mode(terminal.config) != "all" or terminal.hasopt("P"):
        return
    for report in terminal.getreports("passed"):
        for title, text in report.sections:
            if title.startswith(_TITLE):
                terminal.write_sep("-", f"{report.nodeid}: {title}")
                terminal.line(text)


def write_sessions(folder: Path, nodeid: str, sessions: Iterable[Session]) -> None:
    """Write each session to a file of its own, in a folder of the test's name."""
    for session in sessions:
        place = folder / file_name(nodeid)
        place.mkdir(parents=True, exist_ok=True)
        text = "\n".join([title_of(session), *describe(session, None), ""])
        (place / f"{session.id}.txt").write_text(text, encoding="utf-8")


def file_name(nodeid: str) -> str:
    """Return a folder name for a test; two tests never have the same one."""
    name = re.sub(r"[^\w.-]+", "-", nodeid).strip("-.")[:_LONGEST_NAME]
    digest = hashlib.sha256(nodeid.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name}-{digest}"
