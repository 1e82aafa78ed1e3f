"""`fakesmtp messages`: received messages, from the store, also while a server runs."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.console import escape, is_terminal, print_bytes, print_lines
from fakesmtp.cli.helping import Group
from fakesmtp.cli.progress import tracked
from fakesmtp.cli.stores import open_to_change, open_to_read
from fakesmtp.cli.table import make_table
from fakesmtp.cli.values import Value, read_count, read_path, read_text
from fakesmtp.errors import ConfigurationError, StoreError
from fakesmtp.messages.listing import content_as_json
from fakesmtp.storage.base import all_messages
from fakesmtp.storage.exporting import FORMS, write_files
from fakesmtp.storage.language import PREFIXES, parse_query
from fakesmtp.storage.query import EVERYTHING
from fakesmtp.storage.sessions import with_session
from fakesmtp.storage.words import QueryError
from fakesmtp.text import cut, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fakesmtp.cli.options import Settings
    from fakesmtp.findings import Finding
    from fakesmtp.messages.message import ReceivedMessage
    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.base import ReadableStore
    from fakesmtp.storage.query import Query
    from fakesmtp.storage.records import MessageRow

_HEADS = ("WHEN", "MESSAGE", "TYPE", "FROM", "TO", "SUBJECT", "SIZE")
_QUERY_HELP = (
    'What to search for: words, "several words", !not, and '
    f"{', '.join(f'{name}:' for name in PREFIXES)}."
)
#: These are left out where the terminal is too narrow; `show` and --json have them.
_OPTIONAL_HEADS = ("TYPE", "SIZE")
_KILOBYTE = 1024
_READ_AT_ONCE = 50

_query = click.argument("query", nargs=-1, metavar="QUERY", help=_QUERY_HELP)


@click.group(cls=Group)
def messages() -> None:
    """List, show, export and delete the messages in the store."""


@messages.command("list", cls=Command, takes=["store", "json"])
@_query
@click.option(
    "--limit",
    type=Value(read_count),
    default="50",
    metavar="N",
    show_default=True,
    help="Maximum number of messages to list.",
)
def list_(settings: Settings, *, query: tuple[str, ...], limit: int) -> None:
    """List messages, the newest first."""
    wanted = _read_query(query)
    with closing(open_to_read(settings)) as store:
        rows = list(islice(all_messages(store, wanted, oldest_first=False), limit))
        if settings.json:
            print_lines(json.dumps(row.as_json()) for row in rows)
            return
        print_lines(make_table(_HEADS, [*map(_show_row, rows)], optional=_OPTIONAL_HEADS))
        print_lines([_summarize(store, wanted, len(rows))])


@messages.command(cls=Command, takes=["store", "json"])
@click.argument("message", type=Value(read_text), metavar="MESSAGE", help="The message's id.")
@click.option("--raw", is_flag=True, help="Print the bytes as they were sent.")
def show(settings: Settings, *, message: str, raw: bool) -> None:
    """Show a message: envelope, header, text, attachments, findings."""
    with closing(open_to_read(settings)) as store:
        record = store.get(message)
        if record is None:
            raise StoreError(f"there is no message {message!r} in {store.location}")
        view = with_session(store, record)
        if raw:
            _print_raw(record.raw)
        elif settings.json:
            print_lines([json.dumps(_as_json(store, view) | _finding_fields(store, record))])
        else:
            print_lines(chain(_show(view), _show_findings(store, record)))


@messages.command(cls=Command, takes=["store"])
@_query
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(FORMS)),
    default="eml",
    show_default=True,
    help="How to write them.",
)
@click.option(
    "--output",
    type=Value(read_path),
    required=True,
    metavar="PATH",
    help="The folder, or the file of an mbox.",
)
def export(settings: Settings, *, query: tuple[str, ...], form: str, output: Path) -> None:
    """Write messages to files, the oldest first."""
    wanted = _read_query(query)
    with closing(open_to_read(settings)) as store:
        total = store.count(wanted, most=None).number
        count = write_files(tracked(_records(store, wanted), total, "export"), form, output)
    print_lines([f"wrote {plural(count, 'message')} to {output}"])


@messages.command(cls=Command, takes=["store"])
@click.argument("ids", nargs=-1, metavar="MESSAGE", help="The messages' ids.")
@click.option("--query", metavar="QUERY", help="Delete what this search finds.")
@click.option("--all", "everything", is_flag=True, help="Delete all messages.")
def delete(
    settings: Settings, *, ids: tuple[str, ...], query: str | None, everything: bool
) -> None:
    """Delete messages: by id, by a search, or all.

    A running server keeps its file to itself: stop it first.
    """
    if sum((bool(ids), query is not None, everything)) != 1:
        raise ConfigurationError("give ids, or a search (--query QUERY), or --all")
    wanted = _read_query([query or ""])
    if wanted == EVERYTHING and query is not None:  # a variable of a script that is not set
        raise ConfigurationError("--query is empty, which finds all: give a search, or --all")
    with closing(open_to_change(settings)) as store:
        gone = (store.remove(ids) if ids else store.remove_matching(wanted)).result()
    print_lines([f"deleted {plural(len(gone), 'message')}"])


# -- reading ---------------------------------------------------------------------------------------


def _read_query(words: Sequence[str]) -> Query:
    try:
        return parse_query(" ".join(words))
    except QueryError as error:
        raise ConfigurationError(f"QUERY, {error}") from error


def _records(store: ReadableStore, query: Query) -> Iterator[MessageRecord]:
    """Yield the messages with their bytes, some at a time."""
    rows = all_messages(store, query)
    while some := list(islice(rows, _READ_AT_ONCE)):
        yield from store.get_many([row.record.id for row in some])


def _summarize(store: ReadableStore, query: Query, shown: int) -> str:
    """Return how many messages there are, and how many the limits have removed."""
    found, removed = store.count(query), store.removed.messages
    noun = "message" if found.number == 1 else "messages"
    what = noun if query == EVERYTHING else f"{noun} found"
    gone = f"; {removed:,} older ones were removed by the limits" if removed else ""
    more = f", {shown} listed" if shown < found.number else ""
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


def _as_json(store: ReadableStore, message: ReceivedMessage) -> dict[str, object]:
    (row,) = store.rows([message.id])
    return row.as_json() | content_as_json(message)


def _finding_fields(store: ReadableStore, record: MessageRecord) -> dict[str, object]:
    """Return the findings; null while the server has not checked the message."""
    of_message, of_session = _findings(store, record)
    return {
        "findings": None if of_message is None else [each.as_json() for each in of_message],
        "session_findings": None if of_session is None else [each.as_json() for each in of_session],
    }


def _show_findings(store: ReadableStore, record: MessageRecord) -> Iterator[str]:
    of_message, of_session = _findings(store, record)
    found = [*(of_message or ()), *(of_session or ())]
    if found or of_message is None:
        yield ""
    yield from (f"finding   {escape(str(each))}" for each in found)
    if of_message is None:
        yield "finding   not checked yet: a running server checks in the background"


def _findings(
    store: ReadableStore, record: MessageRecord
) -> tuple[tuple[Finding, ...] | None, tuple[Finding, ...] | None]:
    return store.findings(record.id), store.session_findings(record.session_id)


def _print_raw(raw: bytes) -> None:
    """Print a message as it was sent; on a terminal as lines, with control characters escaped."""
    if is_terminal(sys.stdout):
        text = raw.decode("utf-8", "backslashreplace")
        print_lines(map(escape, text.replace("\r\n", "\n").split("\n")))
    else:
        print_bytes(raw)


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
