"""`fakesmtp messages`: what was received, read from the store, also beside a running server."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fakesmtp.cli.console import escape, say
from fakesmtp.cli.options import GroupedCommand, takes
from fakesmtp.cli.progress import tracked
from fakesmtp.cli.settings import Settings
from fakesmtp.cli.sources import read_from
from fakesmtp.cli.stores import open_to_read, open_to_write
from fakesmtp.cli.table import align
from fakesmtp.cli.values import one_of, read_count
from fakesmtp.errors import ConfigurationError, StoreError
from fakesmtp.messages.message import ReceivedMessage
from fakesmtp.storage.base import all_messages
from fakesmtp.storage.exporting import FORMS, export
from fakesmtp.storage.language import PREFIXES, QueryError, parse_query
from fakesmtp.storage.query import EVERYTHING
from fakesmtp.storage.sessions import find_session
from fakesmtp.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.base import ReadableStore
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow

_HELP = "List, show, export and delete the messages in the store."
_HEADS = ("WHEN", "MESSAGE", "TYPE", "FROM", "TO", "SUBJECT", "SIZE")
_QUERY_HELP = (
    'What to search for: words, "several words", -not, and '
    f"{', '.join(f'{name}:' for name in PREFIXES)}."
)
_KILOBYTE = 1024
_READ_AT_ONCE = 50

Search = Annotated[list[str] | None, typer.Argument(metavar="QUERY", help=_QUERY_HELP)]


def make_messages() -> typer.Typer:
    """Make the group of commands."""
    group = typer.Typer(help=_HELP, rich_markup_mode=None, no_args_is_help=True)
    commands = (("list", list_), ("show", show), ("export", export_), ("delete", delete))
    for name, command in commands:
        group.command(name, cls=GroupedCommand)(command)
    return group


@takes("store", "json", "config")
def list_(
    settings: Settings,
    *,
    query: Search = None,
    limit: Annotated[str, typer.Option(metavar="N", help="How many to list. Default: 50.")] = "50",
) -> None:
    """List messages, the newest first."""
    wanted, most = _read_query(query), read_from("--limit", read_count, limit)
    with closing(open_to_read(settings)) as store:
        rows = list(islice(all_messages(store, wanted, oldest_first=False), most))
        if settings.json:
            say(json.dumps(_row_fields(row)) for row in rows)
            return
        say(align([_HEADS, *map(_show_row, rows)]))
        say([_summarize(store, wanted, len(rows))])


@takes("store", "json", "config")
def show(
    settings: Settings,
    *,
    message: Annotated[str | None, typer.Argument(metavar="MESSAGE", help="Its id.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="The message as it was sent.")] = False,
) -> None:
    """Show a message: who, when, header, text, attachments."""
    if not message:
        raise ConfigurationError("which message? name its id: `fakesmtp messages list` lists all")
    with closing(open_to_read(settings)) as store:
        record = store.get(message)
        if record is None:
            raise StoreError(f"there is no message {message!r} in {store.location}")
        view = ReceivedMessage(record, lambda: find_session(store, record))
        if raw:
            say(record.raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n").split("\n"))
        elif settings.json:
            say([json.dumps(_fields(view))])
        else:
            say(_show(view))


@takes("store", "config")
def export_(
    settings: Settings,
    *,
    query: Search = None,
    form: Annotated[
        str, typer.Option("--format", metavar="eml|mbox|maildir", help="How to write them.")
    ] = "eml",
    output: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The folder, or the file of an mbox.")
    ] = None,
) -> None:
    """Write messages to files, the oldest first."""
    if output is None:
        raise ConfigurationError("where to? name a folder, or the file of an mbox: --output PATH")
    wanted = _read_query(query)
    chosen = read_from("--format", one_of(FORMS), form)
    with closing(open_to_read(settings)) as store:
        total = store.count(wanted, most=None).number
        count = export(tracked(_records(store, wanted), total, "export"), chosen, output)
    say([f"{count} messages are in {output}"])


@takes("store", "config")
def delete(
    settings: Settings,
    *,
    ids: Annotated[list[str] | None, typer.Argument(metavar="MESSAGE", help="Their ids.")] = None,
    query: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Delete what this finds.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Delete all messages.")] = False,
) -> None:
    """Delete messages: those of the ids, those that a search finds, or all.

    A server that runs keeps its store to itself: stop it first.
    """
    if sum((bool(ids), query is not None, everything)) != 1:
        raise ConfigurationError("name ids, or a search (--query QUERY), or --all")
    with closing(open_to_write(settings)) as store:
        if ids:
            gone = store.remove(ids).result()
        else:
            gone = store.remove_matching(_read_query([query or ""])).result()
    say([f"{len(gone)} messages were deleted"])


# -- reading ---------------------------------------------------------------------------------------


def _read_query(words: list[str] | None) -> Query:
    try:
        return parse_query(" ".join(words or ()))
    except QueryError as error:
        raise ConfigurationError(f"QUERY, {error}") from error


def _records(store: ReadableStore, query: Query) -> Iterator[MessageRecord]:
    """Yield the messages with their bytes, some at a time."""
    rows = all_messages(store, query)
    while some := list(islice(rows, _READ_AT_ONCE)):
        yield from store.get_many([row.record.id for row in some])


def _summarize(store: ReadableStore, query: Query, shown: int) -> str:
    """Say how many messages there are, and how many the limits have removed."""
    found, removed = store.count(query), store.removed.messages
    what = "messages" if query == EVERYTHING else "messages found"
    gone = f"; {removed:,} older ones were removed by the limits" if removed else ""
    more = f", of which {shown} are listed" if shown < found.number else ""
    return f"{found} {what}{more}{gone}"


# -- showing ---------------------------------------------------------------------------------------


def _show_row(row: MessageRow) -> tuple[str, ...]:
    record, facts = row.record, row.facts
    received = datetime.fromtimestamp(record.received, UTC).astimezone()
    login = record.login.mail_type.value if record.login else "-"
    to = facts.to or ", ".join(record.envelope.rcpt_tos)
    cells = (
        f"{received:%Y-%m-%d %H:%M:%S}",
        record.id,
        login,
        facts.from_ or record.envelope.mail_from or "<>",
        to,
        facts.subject,
        _show_size(row.size),
    )
    return tuple(cut(escape(cell), 60) for cell in cells)


def _show_size(size: int) -> str:
    return f"{size} B" if size < _KILOBYTE else f"{size / _KILOBYTE:.1f} KB"


def _row_fields(row: MessageRow) -> dict[str, object]:
    record = row.record
    return {
        "number": row.number,
        **_record_fields(record),
        "size": row.size,
        **row.facts._asdict(),
        "read": row.is_read,
        "tags": row.tags,
    }


def _record_fields(record: MessageRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "session": record.session_id,
        "received": datetime.fromtimestamp(record.received, UTC).isoformat(),
        "mail_from": record.envelope.mail_from,
        "rcpt_tos": record.envelope.rcpt_tos,
        "app_key": record.login.app_key if record.login else None,
        "mail_type": record.login.mail_type.value if record.login else None,
        "port": record.port,
        "tls": record.tls.version if record.tls else None,
        "dropped_lines": record.dropped_lines,
    }


def _fields(message: ReceivedMessage) -> dict[str, object]:
    attachments = [
        {"name": each.filename, "type": each.content_type, "size": len(each.content)}
        for each in message.attachments
    ]
    return {
        **_record_fields(message.record),
        "size": len(message.raw),
        "headers": message.headers,
        "text": message.text,
        "html": message.html,
        "attachments": attachments,
    }


def _show(message: ReceivedMessage) -> Iterator[str]:
    login = f"{message.app_key}#{message.mail_type}" if message.login else "none"
    tls = message.tls.version if message.tls else "none"
    received = message.received_at.astimezone().isoformat(" ", "seconds")
    yield from (
        f"{name:9} {cut(escape(text))}"
        for name, text in (
            ("message", message.id),
            ("session", message.session_id),
            ("received", received),
            ("port", f"{message.port}, TLS {tls}"),
            ("account", login),
            ("envelope", f"{message.mail_from or '<>'} -> {', '.join(message.rcpt_tos) or '-'}"),
        )
    )
    yield ""
    yield from (f"{escape(name)}: {escape(value)}" for name, value in message.headers)
    yield ""
    body = message.text if message.text is not None else message.html_text
    yield from map(escape, (body or "").split("\n"))
    for each in message.attachments:
        yield f"[{escape(each.filename or 'no name')}: {each.content_type}, {len(each.content)} B]"
