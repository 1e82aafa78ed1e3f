"""`fakesmtp sessions`: recorded sessions, read from files or from a running server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command, nearest
from fakesmtp.cli.console import escape, print_error, print_lines
from fakesmtp.cli.helping import Group
from fakesmtp.cli.table import Painter, make_table, painter
from fakesmtp.cli.values import Value, read_path, read_text
from fakesmtp.errors import ConfigurationError, RecordingError, StoreError
from fakesmtp.sessions.compare import compare
from fakesmtp.sessions.describing import describe_facts
from fakesmtp.sessions.events import Note, Side
from fakesmtp.sessions.folder import RecordFolder, Source, fail
from fakesmtp.sessions.html import render_html
from fakesmtp.sessions.jsonl import dump
from fakesmtp.sessions.listing import ListedSession
from fakesmtp.sessions.loading import load
from fakesmtp.sessions.transcript import event_lines
from fakesmtp.text import cut, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fakesmtp.cli.options import Settings
    from fakesmtp.sessions import Event, Session

_HEADS = ("WHEN", "SESSION", "PORT", "CLIENT", "TLS", "ACCOUNT", "MESSAGES", "OUTCOME")
#: These are left out where the terminal is too narrow; `show` and --json have them.
_OPTIONAL_HEADS = ("CLIENT", "TLS")
_SESSION = "A session's id, a unique part of its file's name, or a file."
_SOURCE = ("store", "record-dir", "server")
_DIFFERENT = 1
_FAILED = 1
_DIFFERENCES = {"-": "red", "+": "green"}


def _session(name: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Add the argument that names a session."""
    return click.argument(name, type=Value(read_text), metavar=name.upper(), help=_SESSION)


@click.group(cls=Group)
def sessions() -> None:
    """List, show, export and compare recorded sessions."""


@sessions.command("list", cls=Command, takes=[*_SOURCE, "json"])
def list_(settings: Settings) -> int:
    """List all sessions, oldest first.

    A recording that cannot be read is an error after the list; the exit code is then 1.
    """
    wrong: list[RecordingError] = []
    listed = _source(settings, wrong.append).list_sessions()
    if settings.json:
        print_lines(map(_as_json, listed))
    else:
        print_lines(make_table(_HEADS, [*map(_cells, listed)], optional=_OPTIONAL_HEADS))
    for error in wrong:
        print_error(error)
    return _FAILED if wrong else 0


@sessions.command(cls=Command, takes=_SOURCE)
@_session("session")
def show(settings: Settings, *, session: str) -> None:
    """Show a session: commands, replies, times and outcome."""
    found = _find(settings, session)
    paint = painter()
    print_lines(f"{name:12}{escape(text)}" for name, text in _facts(found))
    print_lines([""])
    print_lines(
        _paint_event(paint, event, cut(line)) for event, line in event_lines(found, times=True)
    )
    if found.cut:
        print_lines([f"{found.cut} more events were not kept"])


@sessions.command(cls=Command, takes=_SOURCE)
@_session("session")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "jsonl", "html")),
    default="text",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "--output",
    type=Value(read_path),
    metavar="FILE",
    help="The file to write. Default: standard output.",
)
def export(settings: Settings, *, session: str, form: str, output: Path | None) -> None:
    """Write a session as text, as JSON Lines or as an HTML page.

    The text has the style of NHN's guide, with C: and S: before each line.
    """
    write = _FORMATS[form]
    lines = write(_find(settings, session))
    if output is None:
        print_lines(lines)
        return
    try:
        with output.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise RecordingError(f"cannot write {output}: {error.strerror}") from error


@sessions.command(cls=Command, takes=_SOURCE)
@_session("first")
@_session("second")
def diff(settings: Settings, *, first: str, second: str) -> int:
    """Show the first difference between two sessions.

    The exit code is 1 if there is one. Times, ports, addresses, ids, dates and the client's own
    name are not compared.
    """
    one, other = _find(settings, first), _find(settings, second)
    difference = compare(one, other)
    if difference is None:
        print_lines([f"{one.id} and {other.id} are equal"])
        return 0
    head = [f"--- {one.id}", f"+++ {other.id}", f"@@ line {difference.line} @@"]
    print_lines([*map(escape, head), *_paint_difference(painter(), difference.lines())])
    return _DIFFERENT


# -- where they are --------------------------------------------------------------------------------


def _source(settings: Settings, on_error: Callable[[RecordingError], object] = fail) -> Source:
    """Choose where recordings are read from: a running server, a folder, or else the store."""
    server, folder = settings.server, settings.record_dir
    if server is not None and folder is not None:
        nearer = nearest("server", "record_dir")
        if nearer is None:
            raise ConfigurationError("--server and --record-dir are both given: give one of them")
        folder = folder if nearer == "record_dir" else None
    if folder is not None:
        return RecordFolder(folder, on_error=on_error)
    if server is not None:
        # the HTTP client takes 20 ms to load
        from fakesmtp.remote.client import RunningServer  # noqa: PLC0415

        return RunningServer(server)
    from fakesmtp.cli.stores import open_to_read  # noqa: PLC0415 - SQLAlchemy takes time to load
    from fakesmtp.storage.sessions import StoredSessions  # noqa: PLC0415 - see above

    return StoredSessions(open_to_read(settings))


def _find(settings: Settings, name: str) -> Session:
    # os.path answers for any name; Path raises for some, for instance for one that is too long.
    is_file = os.path.exists(name) and not os.path.isdir(name)  # noqa: PTH110, PTH112
    if is_file:
        return load(Path(name))
    try:
        source = _source(settings)
    except StoreError as error:
        raise RecordingError(f"{quote(name)} is not a file or a session: {error}") from error
    return source.find(name)


# -- how they are written --------------------------------------------------------------------------


def _as_text(session: Session) -> Iterator[str]:
    yield from session.transcript(notes=False).split("\n")


def _as_jsonl(session: Session) -> Iterator[str]:
    yield from (line.removesuffix("\n") for line in dump(session))


def _as_html(session: Session) -> Iterator[str]:
    yield from render_html(session).removesuffix("\n").split("\n")


_FORMATS: Mapping[str, Callable[[Session], Iterator[str]]] = {
    "text": _as_text,
    "jsonl": _as_jsonl,
    "html": _as_html,
}


def _facts(session: Session) -> Iterator[tuple[str, str]]:
    yield from describe_facts(session)
    for each in session.transactions:
        recipients = ", ".join(each.rcpt_tos) or "-"
        yield "message", f"{each.mail_from or '<>'} -> {recipients}: {each.outcome.value}"
    yield "outcome", cut(ListedSession.of(session).outcome)
    if session.diagnosis:
        yield "diagnosis", session.diagnosis


def _cells(listed: ListedSession) -> tuple[str, ...]:
    """Return the cells of a session in the list."""
    header, summary = listed.header, listed.summary
    began = header.started_at.astimezone()
    account = f"{summary.app_key}#{summary.mail_type}" if summary and summary.app_key else "-"
    cells = (
        f"{began:%Y-%m-%d %H:%M:%S}",
        header.id,
        str(header.port),
        header.peer,
        (summary.tls if summary else None) or "-",
        account,
        str(summary.message_count) if summary else "?",
        listed.outcome.replace("\n", " / "),
    )
    return tuple(cut(escape(cell)) for cell in cells)


def _paint_event(paint: Painter, event: Event, line: str) -> str:
    """Paint a line of a transcript: refusals red, the client's lines cyan, notes yellow."""
    if event.is_refusal:
        return paint(line, "red")
    if isinstance(event, Note):
        return paint(line, "yellow")
    return paint(line, "cyan") if event.side is Side.CLIENT else line


def _paint_difference(paint: Painter, lines: Iterable[str]) -> Iterator[str]:
    """Paint the lines of a difference by their marks."""
    for line in lines:
        colour = _DIFFERENCES.get(line[:1])
        yield paint(line, colour) if colour else line


def _as_json(listed: ListedSession) -> str:
    file = {"file": listed.file} if listed.file else {}
    return json.dumps(listed.as_json() | file)
