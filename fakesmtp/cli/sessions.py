"""`fakesmtp sessions`: what clients said and were answered, read from recordings."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fakesmtp.cli.console import complain, escape, say
from fakesmtp.cli.options import GroupedCommand, takes
from fakesmtp.cli.settings import Settings
from fakesmtp.cli.sources import read_from
from fakesmtp.cli.table import align, paint_event, paint_lines, painter, show_entry
from fakesmtp.cli.values import one_of
from fakesmtp.errors import ConfigurationError, RecordingError
from fakesmtp.sessions.compare import compare
from fakesmtp.sessions.folder import Entry, RecordFolder, Source, entry_of, fail
from fakesmtp.sessions.html import render_html
from fakesmtp.sessions.jsonl import dump
from fakesmtp.sessions.loading import load
from fakesmtp.sessions.transcript import event_lines
from fakesmtp.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fakesmtp.sessions import Recorded

_HELP = "List, show, export and compare recorded sessions."
_HEADS = ("WHEN", "SESSION", "PORT", "CLIENT", "TLS", "ACCOUNT", "MAILS", "OUTCOME")
_SESSION = "A session's id, a part of its file's name that no other has, or a file."
_DIFFERENT = 1
_FAILED = 1

SessionName = Annotated[str | None, typer.Argument(metavar="SESSION", help=_SESSION)]


def make_sessions() -> typer.Typer:
    """Make the group of commands."""
    group = typer.Typer(help=_HELP, rich_markup_mode=None, no_args_is_help=True)
    for name, command in (("list", list_), ("show", show), ("export", export), ("diff", diff)):
        group.command(name, cls=GroupedCommand)(command)
    return group


@takes("store", "record-dir", "server", "json", "config")
def list_(settings: Settings) -> None:
    """List all sessions, oldest first.

    A recording that cannot be read is an error beside the list; the exit code is 1 then.
    """
    wrong: list[RecordingError] = []
    entries = _source(settings, wrong.append).entries()
    if settings.json:
        say(json.dumps(_as_fields(each)) for each in entries)
    else:
        say(align([_HEADS, *map(show_entry, entries)]))
    for error in wrong:
        complain(error)
    if wrong:
        raise typer.Exit(_FAILED)


@takes("store", "record-dir", "server", "config")
def show(settings: Settings, *, session: SessionName = None) -> None:
    """Show a session: who, what was said, when, and how it ended."""
    found = _find(settings, session)
    paint = painter()
    say(f"{name:9} {escape(text)}" for name, text in _facts(found))
    say([""])
    say(paint_event(paint, event, cut(line)) for event, line in event_lines(found, times=True))
    if found.cut:
        say([f"{found.cut} more events were not kept"])


@takes("store", "record-dir", "server", "config")
def export(
    settings: Settings,
    *,
    session: SessionName = None,
    form: Annotated[
        str, typer.Option("--format", metavar="text|jsonl|html", help="How to write it.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to. Default: standard output.")
    ] = None,
) -> None:
    """Write a session as text, as JSON Lines, or as a page.

    The text is in the style of NHN's guide, C: and S: in front of every line.
    """
    write = _FORMATS[read_from("--format", one_of(_FORMATS), form or "text")]
    lines = write(_find(settings, session))
    if output is None:
        say(lines)
        return
    try:
        with Path(output).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise RecordingError(f"cannot write {output}: {error.strerror}") from error


@takes("store", "record-dir", "server", "config")
def diff(settings: Settings, *, first: SessionName = None, second: SessionName = None) -> None:
    """Show the first difference of two sessions.

    The exit code is 1 when there is one. Times, ports, addresses, ids and dates make no
    difference, nor does a client's own name.
    """
    one, other = _find(settings, first), _find(settings, second)
    difference = compare(one, other)
    if difference is None:
        say([f"{one.id} and {other.id} say the same"])
        return
    head = [f"--- {one.id}", f"+++ {other.id}", f"@@ line {difference.line} @@"]
    say([*map(escape, head), *paint_lines(painter(), difference.lines())])
    raise typer.Exit(_DIFFERENT)


# -- where they are --------------------------------------------------------------------------------


def _source(settings: Settings, on_error: Callable[[RecordingError], object] = fail) -> Source:
    """Choose where recordings are read from: a running server, a folder, or the store."""
    if settings.server is not None and settings.record_dir is not None:
        raise ConfigurationError("a server and a folder are named: name the one to read")
    if settings.server is not None:
        # lazily: what speaks HTTP takes 20 ms to load
        from fakesmtp.remote.client import RunningServer  # noqa: PLC0415

        return RunningServer(settings.server)
    if settings.record_dir is not None:
        return RecordFolder(settings.record_dir, on_error=on_error)
    from fakesmtp.cli.stores import open_to_read  # noqa: PLC0415 - lazily: with SQLAlchemy
    from fakesmtp.storage.sessions import StoredSessions  # noqa: PLC0415 - see above

    return StoredSessions(open_to_read(settings))


def _find(settings: Settings, name: str | None) -> Recorded:
    if not name:
        raise ConfigurationError("which session? name it: `fakesmtp sessions list` lists all")
    # os.path answers for any name; Path raises for some, as for one that is too long.
    is_file = os.path.exists(name) and not os.path.isdir(name)  # noqa: PTH110, PTH112
    return load(Path(name)) if is_file else _source(settings).find(name)


# -- how they are written --------------------------------------------------------------------------


def _as_text(session: Recorded) -> Iterator[str]:
    yield from session.transcript(notes=False).split("\n")


def _as_jsonl(session: Recorded) -> Iterator[str]:
    yield from (line.removesuffix("\n") for line in dump(session))


def _as_html(session: Recorded) -> Iterator[str]:
    yield from render_html(session).removesuffix("\n").split("\n")


_FORMATS: Mapping[str, Callable[[Recorded], Iterator[str]]] = {
    "text": _as_text,
    "jsonl": _as_jsonl,
    "html": _as_html,
}


def _facts(session: Recorded) -> Iterator[tuple[str, str]]:
    tls = session.tls
    local = f" (local port {session.local_port})" if session.local_port else ""
    yield "session", session.id
    yield "began", session.started_at.astimezone().isoformat(" ", "milliseconds")
    yield "client", session.peer
    yield "port", f"{session.port}{local}"
    yield "TLS", f"{tls.version}, {tls.cipher}, {tls.handshake * 1000:.1f} ms" if tls else "none"
    if session.login:
        yield "account", f"{session.app_key}#{session.mail_type} ({session.mechanism})"
    for each in session.transactions:
        recipients = ", ".join(each.rcpt_tos) or "-"
        yield "message", f"{each.mail_from or '<>'} -> {recipients}: {each.outcome.value}"
    if session.duration is not None:
        yield "took", f"{session.duration * 1000:.1f} ms"
    yield "outcome", cut(entry_of(session).outcome)
    if session.diagnosis:
        yield "diagnosis", session.diagnosis


def _as_fields(entry: Entry) -> dict[str, object]:
    summary = entry.summary._asdict() if entry.summary else {}
    return {"file": entry.name, **entry.header._asdict(), **summary, "outcome": entry.outcome}
