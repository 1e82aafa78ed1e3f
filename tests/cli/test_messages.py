"""`fakesmtp messages`, `ingest` and `store`: reading and changing the store."""

from __future__ import annotations

import json
import os
import smtplib
import sqlite3
import subprocess
import sys
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from made_records import make_record

from fakesmtp import FakeSMTP
from fakesmtp.errors import StoreError
from fakesmtp.server import engine_of
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.sqlite.store import SqliteStore, open_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Result, Serving

    Run = Callable[..., Result]

STORE = "--store=sqlite:///messages.db"
KOREAN = (
    b"From: =?utf-8?B?7ZmN6ri464+Z?= <hong@example.com>\r\nTo: kim@example.com\r\n"
    b"Subject: =?utf-8?B?7J247Kad67KI7Zi4?=\r\nMessage-ID: <1@example.com>\r\n\r\nFrom here\r\n"
)


@pytest.fixture
def ids() -> list[str]:
    """Return the ids of three messages in a store, oldest first."""
    records = [
        make_record(KOREAN, app_key="App1"),
        make_record(b"Subject: \x1b[2J\r\n\r\n"),
        make_record("Subject: last\r\n\r\n>From x\r\nFrom y\r\n"),
    ]
    with closing(SqliteStore(Path("messages.db"))) as store:
        for record in records:
            store.add(record).result(60)
    return [record.id for record in records]


def test_messages_of_a_server(
    serve: Callable[..., Serving], send: Callable[..., None], run: Run
) -> None:
    """Messages and sessions are listed while the server runs, and after it was killed."""
    server = serve()
    send(server.ports()[0], subject="hello")
    server.read_until("hello")
    assert "hello" in run("messages", "list").out
    server.process.kill()
    server.process.wait()
    listed = json.loads(run("messages", "list", "--json").out)
    assert listed["subject"] == "hello"
    shown = run("messages", "show", listed["id"]).out
    assert listed["session_id"] in shown
    file = Path(os.environ["XDG_DATA_HOME"]) / "fakesmtp" / "messages.db"  # as by default
    again = serve("--store", f"sqlite:///{file}")
    send(again.ports()[0], subject="again")
    again.read_until("again")
    assert run("messages", "list", "subject:hello").out.endswith("1 message found\n")
    again.process.terminate()
    again.process.wait()
    assert run("sessions", "list").out.count("delivered") >= 1


def test_one_json_shape(serve: Callable[..., Serving], send: Callable[..., None], run: Run) -> None:
    """`serve`, `messages list` and `messages show` have the same JSON names and values."""
    server = serve("--json")
    (port, *_) = json.loads(server.read_until("ready"))["listeners"]
    send(port["local_port"], subject="hello")
    event = json.loads(server.read_until('"message"'))
    listed = json.loads(run("messages", "list", "--json").out)
    shown = json.loads(run("messages", "show", listed["id"], "--json").out)
    assert event.pop("event") == "message"
    assert {name: listed[name] for name in event} == event
    stored = {name: listed[name] for name in ("number", "read", "tags")}
    assert stored == {"number": 1, "read": False, "tags": []}
    assert {name: shown[name] for name in listed} == listed
    more = {"headers", "text", "html", "attachments", "findings", "session_findings"}
    assert shown.keys() - listed.keys() == more


def test_a_second_server_is_refused(serve: Callable[..., Serving], run: Run) -> None:
    """The error of a second server, and of commands that write, names the first and --store."""
    server = serve()
    server.ports()
    for command in (
        ("serve", "--ports", "auto"),
        ("messages", "delete", "--all"),
        ("ingest", "some.eml"),
        ("store", "compact"),
    ):
        result = run(*command)
        assert result.code == 1
        assert f"process {server.process.pid} writes " in result.err
        assert "--store" in result.err
    assert str(server.process.pid) in run("store", "info").out.replace(",", "")


def test_list(run: Run, ids: list[str]) -> None:
    """A list has one row for each message, newest first, without control characters."""
    lines = run("messages", "list", STORE).out.splitlines()
    assert [line.split()[2] for line in lines[1:-1]] == ids[::-1]
    assert "홍길동 <hong@" in lines[3]
    assert "\\x1b[2J" in lines[2]
    assert lines[-1] == "3 messages"
    assert run("messages", "list", STORE, "--limit", "1").out.endswith("3 messages, 1 listed\n")
    rows = [json.loads(line) for line in run("messages", "list", STORE, "--json").out.splitlines()]
    assert [row["id"] for row in rows] == ids[::-1]
    assert (rows[2]["subject"], rows[2]["app_key"]) == ("인증번호", "App1")


def test_searches(run: Run, ids: list[str]) -> None:
    """A search finds messages; the error for a wrong one has its position and correct values."""
    found = run("messages", "list", STORE, "from:홍길동", "인증", "!is:read", "--json").out
    assert json.loads(found)["id"] == ids[0]
    result = run("messages", "list", STORE, "a is:old")
    assert result.code == 2
    assert "position 3: is: 'old' is not one of read, unread, tagged" in result.err


def test_show(run: Run, ids: list[str]) -> None:
    """A message is shown with its decoded header, as JSON, and as sent."""
    out = run("messages", "show", STORE, ids[0]).out
    assert "Subject: 인증번호" in out
    assert "From here" in out
    fields = json.loads(run("messages", "show", STORE, ids[0], "--json").out)
    assert fields["text"] == "From here\n"
    assert run("messages", "show", STORE, ids[0], "--raw").out.encode() == KOREAN
    result = run("messages", "show", STORE, "nobody")
    assert (result.code, "there is no message 'nobody'" in result.err) == (1, True)


#: EUC-KR in 8 bits, a NUL, a lone CR, a line that a terminal would obey, no line end at the end.
UNUSUAL = b"Subject: raw\r\n\r\n\xb9\xf8\0 a\rb\n\x1b[2J\r\nno end"


@pytest.fixture
def unusual() -> str:
    """Return the id of a message that is not text in UTF-8."""
    with closing(SqliteStore(Path("messages.db"))) as store:
        record = make_record(UNUSUAL)
        store.add(record).result(60)
    return record.id


def test_raw_output_has_the_bytes_as_sent(program: tuple[str, ...], unusual: str) -> None:
    """`messages show --raw` writes the bytes of a message to a pipe unchanged."""
    shown = subprocess.run(
        [*program, "messages", "show", STORE, "--raw", unusual], capture_output=True, check=True
    )
    assert (shown.stdout, shown.stderr) == (UNUSUAL, b"")


def test_raw_output_is_safe_on_a_terminal(
    run: Run, unusual: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal, `messages show --raw` prints lines without control characters."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = run("messages", "show", STORE, "--raw", unusual).out.splitlines()
    assert lines == ["Subject: raw", "", "\\xb9\\xf8\\x00 a\\rb", "\\x1b[2J", "no end"]


def test_findings_are_shown(run: Run, send: Callable[..., None]) -> None:
    """A message is shown with its findings and those of its session, and is found by them."""
    with FakeSMTP(accounts="any", store="sqlite:///messages.db") as smtp:
        send(smtp.port(587), subject="[AD] hello")
        mailbox = engine_of(smtp).mailbox
        for text in ("finding:ad-subject-prefix", "finding:auth-plaintext"):
            assert mailbox.wait(parse_query(text), since=0, timeout=60)
    listed = json.loads(run("messages", "list", STORE, "--json", "finding:ad-subject-prefix").out)
    shown = run("messages", "show", STORE, listed["id"]).out
    assert "\nfinding   error ad-subject-prefix (Subject, line 1): " in shown
    assert "\nfinding   warning auth-plaintext: " in shown
    fields = json.loads(run("messages", "show", STORE, "--json", listed["id"]).out)
    assert "ad-subject-prefix" in [each["rule"] for each in fields["findings"]]
    assert "auth-plaintext" in [each["rule"] for each in fields["session_findings"]]


def test_a_message_that_is_not_checked(run: Run, ids: list[str]) -> None:
    """A message that no server has checked is shown as such, in text and in JSON."""
    assert "not checked yet" in run("messages", "show", STORE, ids[0]).out
    assert json.loads(run("messages", "show", STORE, ids[0], "--json").out)["findings"] is None


@pytest.mark.parametrize("form", ["eml", "mbox", "maildir"])
def test_export_and_ingest(run: Run, ids: list[str], form: str) -> None:
    """Messages that are exported and ingested into another store are equal byte for byte."""
    result = run("messages", "export", STORE, "--format", form, "--output", "out")
    assert result.out == "wrote 3 messages to out\n"
    out = Path("out")
    files = sorted(out.iterdir()) if form == "eml" else [out]
    result = run("ingest", "--store=sqlite:///other.db", *map(str, files))
    assert result.out == f"added 3 messages and 0 sessions to {Path.cwd() / 'other.db'}\n"
    with (
        closing(open_reader(Path("messages.db"))) as one,
        closing(open_reader(Path("other.db"))) as other,
    ):
        raws = [each.raw for each in one.get_many(ids)]
        copies = other.get_many(other.ids())
        assert sorted(each.raw for each in copies) == sorted(raws)
        (korean,) = [each for each in copies if each.raw == KOREAN]
        assert korean.envelope == ("hong@example.com", ("kim@example.com",), ())


def test_an_mbox_has_whole_lines(run: Run, unusual: str) -> None:
    """A message that does not end with a line end gets one in an mbox; the rest is unchanged."""
    run("messages", "export", STORE, "--format", "mbox", "--output", "out")
    assert run("ingest", "--store=sqlite:///other.db", "out").code == 0
    with closing(open_reader(Path("other.db"))) as other:
        (copy,) = other.get_many(other.ids())
    assert copy.raw == UNUSUAL + b"\n"
    assert unusual


def test_ingested_messages_have_the_tags_of_their_header(run: Run) -> None:
    """`ingest` reads the field X-Tags, as a server does."""
    Path("tagged.eml").write_bytes(b"X-Tags: order, 2026\r\n" + KOREAN)
    assert run("ingest", STORE, "tagged.eml").code == 0
    assert json.loads(run("messages", "list", STORE, "--json").out)["tags"] == ["2026", "order"]


def test_dot_files_of_a_maildir_are_skipped(run: Run) -> None:
    """`ingest` reads the messages of a Maildir, not the files that other programs keep there."""
    for folder in ("cur", "new", "tmp"):
        Path("mail", folder).mkdir(parents=True)
    Path("mail/new/.lock").write_bytes(b"not a message")
    Path("mail/new/1.message").write_bytes(KOREAN)
    result = run("ingest", STORE, "mail")
    assert (result.code, result.err) == (0, "")
    assert "added 1 message " in result.out


def test_bad_files_are_named(run: Run) -> None:
    """Each file that cannot be read is named, and the other files are ingested."""
    Path("good.eml").write_bytes(KOREAN)
    Path("bad.eml").write_bytes(b"no header\n")
    Path("bad.jsonl").write_text("{}\n", encoding="utf-8")
    Path("folder").mkdir()
    result = run("ingest", STORE, "bad.eml", "bad.jsonl", "folder", "nowhere", "good.eml")
    assert result.code == 1
    assert "added 1 message and 0 sessions" in result.out
    for name in (
        "bad.eml is not a message",
        "bad.jsonl, line 1",
        "folder is not a Maildir",
        "nowhere",
    ):
        assert name in result.err


def test_recorded_sessions_are_ingested_once(run: Run, recorded: Path) -> None:
    """A recording is ingested once, and `sessions` shows it."""
    assert "1 session to" in run("ingest", STORE, str(recorded)).out
    assert "0 sessions to" in run("ingest", STORE, str(recorded)).out
    listed = json.loads(run("sessions", "list", STORE, "--json").out)
    assert "EHLO" in run("sessions", "show", STORE, listed["id"]).out.upper()


@pytest.fixture
def recorded() -> Path:
    """Return the file of a recorded session."""
    with (
        FakeSMTP(record_dir=Path("sessions"), require_auth=False) as smtp,
        smtplib.SMTP(smtp.host, smtp.port(587)) as client,
    ):
        client.ehlo("me")
    return next(Path("sessions").iterdir())


def test_delete(run: Run, ids: list[str]) -> None:
    """Messages are deleted by id, by search, or all; without a selection it is an error."""
    assert run("messages", "delete", STORE).code == 2
    assert run("messages", "delete", STORE, "--all", ids[0]).code == 2
    assert run("messages", "delete", STORE, ids[1], "nobody").out == "deleted 1 message\n"
    assert run("messages", "delete", STORE, "--query", "인증").out == "deleted 1 message\n"
    assert run("messages", "delete", STORE, "--all").out == "deleted 1 message\n"
    assert run("messages", "list", STORE).out.endswith("0 messages\n")


def test_a_failed_ingest_counts_what_was_added(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store cannot be written any more, `ingest` prints what is there, and the reason."""
    add, full = SqliteStore.add, Future[int]()
    full.set_exception(StoreError("the disk is full"))
    Path("good.eml").write_bytes(KOREAN)
    Path("last.eml").write_bytes(KOREAN.replace(b"here", b"last"))
    monkeypatch.setattr(
        SqliteStore,
        "add",
        lambda store, record: full if b"last" in record.raw else add(store, record),
    )
    result = run("ingest", STORE, "good.eml", "nowhere.eml", "last.eml")
    assert (result.code, "added 1 message and 0 sessions" in result.out) == (1, True)
    assert "cannot read nowhere.eml" in result.err
    assert "the disk is full" in result.err


@pytest.mark.parametrize("query", ["", " ", '""'])
def test_an_empty_search_deletes_nothing(run: Run, ids: list[str], query: str) -> None:
    """`delete --query "$QUERY"` without a value is an error that names `--all`."""
    result = run("messages", "delete", STORE, "--query", query)
    assert (result.code, "--query is empty" in result.err, "--all" in result.err) == (2, True, True)
    assert run("messages", "list", STORE).out.endswith(f"{len(ids)} messages\n")


def test_help_negates_a_term_as_a_shell_accepts_it(run: Run, ids: list[str]) -> None:
    """The help names `!not`: `-not` would be an option."""
    assert "!not" in run("messages", "list", "--help").out
    assert run("messages", "list", STORE, "!subject:last").out.endswith("2 messages found\n")
    assert ids


def test_store_info_and_check(run: Run, ids: list[str]) -> None:
    """`store info` shows facts about the file, and `store check` finds damage."""
    facts = json.loads(run("store", "info", STORE, "--json").out)
    assert (facts["messages"], facts["journal"], facts["written_by_process"]) == (3, "wal", None)
    assert run("store", "check", STORE).out == f"{Path.cwd() / 'messages.db'} is sound\n"
    assert " bytes before, " in run("store", "compact", STORE).out
    with closing(sqlite3.connect("messages.db")) as connection:
        connection.execute("DELETE FROM texts WHERE number = 1")
        connection.commit()
    result = run("store", "check", STORE)
    assert (result.code, "2 messages are stored and 3 indexed" in result.err) == (1, True)
    assert ids


@pytest.mark.parametrize(
    "command",
    [
        ("messages", "list"),
        ("messages", "delete", "--all"),
        ("store", "info"),
        ("store", "compact"),
        ("sessions", "list"),
    ],
)
def test_missing_store(run: Run, command: tuple[str, ...]) -> None:
    """Without a store the command is an error and creates none; a store in memory is an error."""
    result = run(*command, STORE)
    assert (result.code, "there is no store" in result.err) == (1, True)
    assert not Path("messages.db").exists()
    assert "a store in memory" in run(*command, "--store", "memory").err


def test_older_version(run: Run, ids: list[str]) -> None:
    """Only a server changes a file of an older version; `ingest` refuses it."""
    with closing(sqlite3.connect("messages.db")) as connection:
        connection.execute("PRAGMA user_version = 1")
    Path("more.eml").write_bytes(KOREAN)
    result = run("ingest", STORE, "more.eml")
    assert (result.code, "start `fakesmtp serve` once" in result.err) == (1, True)
    assert ids


@pytest.mark.parametrize("command", [("messages", "delete", "--all"), ("store", "compact")])
def test_an_empty_file_does_not_become_a_store(run: Run, command: tuple[str, ...]) -> None:
    """Commands that change a store leave an empty file as it is."""
    Path("messages.db").touch()
    result = run(*command, STORE)
    assert (result.code, "there is no store in" in result.err) == (1, True)
    assert [each.stat().st_size for each in Path().iterdir()] == [0]
