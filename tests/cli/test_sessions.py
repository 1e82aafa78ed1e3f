"""`fakesmtp sessions`: recordings listed, shown, exported and compared."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from raw_client import RawClient
from scenarios import GOLDEN, KEYS

from fakesmtp import FakeSMTP
from fakesmtp.sessions.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SESSIONS_IN_A_LONG_LIST = 300


@pytest.fixture
def folder(clean_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of recordings that FAKESMTP_RECORD_DIR names."""
    path = clean_place / "recordings"
    monkeypatch.setenv("FAKESMTP_RECORD_DIR", str(path))
    return path


@pytest.fixture
def recorded(folder: Path) -> list[str]:
    """Return the ids of three sessions: delivered, refused, and delivered again."""
    with FakeSMTP(record_dir=folder, accounts=[KEYS], ports={587: 0}) as smtp:
        for password in ("SecretKey", "wrong", "SecretKey"):
            with RawClient(smtp.port(587)) as client:
                talk(client, password)
    return [session.id for session in smtp.sessions]


def talk(client: RawClient, password: str) -> None:
    """Log in, send a message if that succeeds, and quit."""
    client.read_reply()
    client.ask("EHLO client")
    client.ask("AUTH LOGIN QXBwS2V5")
    encoded = {"SecretKey": "U2VjcmV0S2V5", "wrong": "d3Jvbmc="}[password]
    if client.ask(encoded).startswith("235"):
        client.begin_data()
        client.ask("Subject: x\r\n\r\nx\r\n.")
    client.ask("QUIT")
    client.read_to_end()


def test_list(recorded: list[str], run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session is one whole line in a pipe, oldest first, with its outcome."""
    monkeypatch.delenv("COLUMNS")
    lines = run("sessions", "list").out.splitlines()
    assert " ".join(lines[0].split()) == "WHEN SESSION PORT CLIENT TLS ACCOUNT MESSAGES OUTCOME"
    assert [line.split()[2] for line in lines[1:]] == recorded
    assert lines[1].endswith("-    AppKey#normal  1         delivered")
    assert lines[2].endswith(
        "-    -              0         refused: SecretKey=*** -> 535 Authentication Failed "
        "(the SecretKey of AppKey 'AppKey' is wrong)"
    )


def test_list_fits_the_terminal(recorded: list[str], run: Callable) -> None:
    """In 80 columns the list has fewer columns and shorter cells; ids stay whole."""
    lines = run("sessions", "list").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(lines[0].split()) == "WHEN SESSION PORT ACCOUNT MESSAGES OUTCOME"
    assert [line.split()[2] for line in lines[1:]] == recorded
    assert lines[2].endswith("…")


def test_list_as_json(recorded: list[str], run: Callable) -> None:
    """`--json` prints one object for each session."""
    objects = [json.loads(line) for line in run("sessions", "list", "--json").out.splitlines()]
    assert [each["id"] for each in objects] == recorded
    assert [each["message_count"] for each in objects] == [1, 0, 1]
    assert objects[1]["outcome"].startswith("refused: ")


def test_show(recorded: list[str], run: Callable) -> None:
    """A session is shown with facts, times and phases, without colours in a pipe."""
    out = run("sessions", "show", recorded[0]).out
    assert "login       AppKey AppKey (normal) by AUTH LOGIN" in out
    assert "message     sender@example.com -> rcpt@example.org: delivered" in out
    assert " ms  envelope  C: MAIL FROM:<sender@example.com>" in out
    assert out.splitlines()[-1].endswith("  quit      -- quit")
    assert "\x1b" not in out


def test_show_in_colour(
    recorded: list[str], run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal refusals are red, unless NO_COLOR is set."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "\x1b[31m" in run("sessions", "show", recorded[1]).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("sessions", "show", recorded[1]).out


@pytest.mark.parametrize("name", ["auth-plain", "auth-login"])
def test_the_guides_transcripts_are_exported(folder: Path, run: Callable, name: str) -> None:
    """The export of a printed transcript equals it, except for masks and the server's address."""
    printed = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    with (
        FakeSMTP(record_dir=folder, accounts=[KEYS], ports={587: 0}) as smtp,
        RawClient(smtp.port(587)) as client,
    ):
        client.read_reply()
        for line in printed:
            if line.startswith("C: "):
                client.ask(line[3:])
    exported = run("sessions", "export", smtp.sessions[0].id).out.splitlines()
    masks = {
        "C: auth plain AEFwcEtleQBTZWNyZXRLZXk=": "C: auth plain AppKey=AppKey SecretKey=***",
        "C: QXBwS2V5": "C: AppKey=AppKey",
        "C: U2VjcmV0S2V5": "C: SecretKey=***",
    }
    address = {"auth-plain": "10.162.169.253", "auth-login": "10.170.128.251"}[name]
    expected = [masks.get(line, line).replace(address, "127.0.0.1") for line in printed]
    assert exported == expected


def test_export_as_json_lines(recorded: list[str], run: Callable, clean_place: Path) -> None:
    """`--format jsonl` writes a recording."""
    path = clean_place / "copy.jsonl"
    result = run("sessions", "export", recorded[0], "--format", "jsonl", "--output", str(path))
    assert result == (0, "", "")
    assert load(path).id == recorded[0]
    assert recorded[0] in run("sessions", "show", str(path)).out


def test_export_as_a_page(recorded: list[str], run: Callable) -> None:
    """`--format html` writes one file that loads nothing."""
    out = run("sessions", "export", recorded[1], "--format", "html").out
    assert out.startswith("<!doctype html>")
    assert "<script" not in out
    assert "http" not in out.replace("http-equiv", "")
    assert "Authentication Failed" in out


def test_equal_sessions(recorded: list[str], run: Callable) -> None:
    """Different times, ports and ids do not count as a difference."""
    result = run("sessions", "diff", recorded[0], recorded[2])
    assert (result.code, result.out) == (0, f"{recorded[0]} and {recorded[2]} are equal\n")


def test_the_first_difference_is_shown_in_context(recorded: list[str], run: Callable) -> None:
    """`diff` exits with 1, and shows the first difference and the lines before it."""
    result = run("sessions", "diff", recorded[0], recorded[1])
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[:3] == [f"--- {recorded[0]}", f"+++ {recorded[1]}", "@@ line 14 @@"]
    assert "  C: SecretKey=***" in lines
    assert "- S: 235 Authentication Successful" in lines
    assert "+ S: 535 Authentication Failed" in lines


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("diff", "1", "2"), 1, "no session '1'"),
        (("show", "nobody"), 1, "no session 'nobody' is recorded in"),
        (
            ("export", "x", "--format", "pdf"),
            2,
            "--format: 'pdf' is not one of 'text', 'jsonl', 'html'",
        ),
        (("list", "--record-dir", "nowhere"), 1, "there is no folder nowhere"),
    ],
)
def test_wrong_commands(
    folder: Path, run: Callable, arguments: tuple[str, ...], code: int, says: str
) -> None:
    """An error is one line."""
    folder.mkdir()
    result = run("sessions", *arguments)
    assert result.code == code
    assert says in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "missing"), [(("show",), "SESSION"), (("diff", "1"), "SECOND")]
)
def test_missing_arguments(run: Callable, arguments: tuple[str, ...], missing: str) -> None:
    """A missing session is a usage error that names the argument."""
    result = run("sessions", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"fakesmtp: the argument {missing} is missing\nTry ")


def test_without_a_folder(run: Callable) -> None:
    """Without a folder the store is read; without that, too, the error says what makes one."""
    result = run("sessions", "list")
    assert (result.code, "there is no store" in result.err) == (1, True)


def test_a_session_that_is_not_a_file_without_a_store(run: Callable) -> None:
    """Where no store exists either, the error names the session that was not found."""
    result = run("sessions", "show", "nobody")
    assert result.code == 1
    assert "'nobody' is not a file or a session: there is no store" in result.err


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["", "json"])
def test_broken_recordings_are_named(
    recorded: list[str], folder: Path, run: Callable, options: tuple[str, ...]
) -> None:
    """Each broken file is an error after the list of the others, with exit code 1."""
    path = sorted(folder.iterdir())[1]
    path.write_text("{}\n")
    (folder / "9_\x1b[2J_1.jsonl").touch()
    result = run("sessions", "list", *options)
    assert result.code == 1
    assert recorded[0] in result.out
    assert recorded[2] in result.out
    assert recorded[1] not in result.out
    first, second = result.err.splitlines()
    assert f"{path}, line 1: " in first
    assert second.startswith(f"fakesmtp: {folder}/9_\\x1b[2J_1.jsonl, line 1: the first line is")


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes and devices among files")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pipe", "cannot read pipe: it is a named pipe, not a regular file"),
        ("/dev/zero", "cannot read /dev/zero: it is a device, not a regular file"),
        ("x" * 5000, "is recorded in"),
        ("recordings", "no session 'recordings' is recorded in"),
    ],
)
def test_names_that_are_not_sessions(
    recorded: list[str], folder: Path, run: Callable, name: str, reason: str
) -> None:
    """Every name of a session gets an answer."""
    os.mkfifo(folder.parent / "pipe")
    result = run("sessions", "show", name)
    assert (result.code, reason in result.err) == (1, True), result.err
    assert recorded


def test_serve_records(serve: Callable, send: Callable, run: Callable, folder: Path) -> None:
    """`serve --record-dir` writes sessions that the other commands read."""
    serving = serve("--record-dir", str(folder), "--exit-after", "1")
    _, port, *_ = serving.ports()
    send(port)
    assert serving.finish().code == 0
    assert "delivered" in run("sessions", "list").out


@pytest.mark.usefixtures("recorded")
def test_list_reads_only_the_ends_of_files(folder: Path, run: Callable) -> None:
    """A list of many recordings reads only their first and last lines, which makes it fast."""
    first, *_, last = min(folder.iterdir()).read_bytes().splitlines(keepends=True)
    broken = first + b"not JSON\n" * 10_000 + last
    long = folder.parent / "long"
    long.mkdir()
    for number in range(SESSIONS_IN_A_LONG_LIST):
        path = long / f"20260101T000000.{number:06}Z_ab12cd-{number}_587.jsonl"
        path.write_bytes(broken)
    result = run("sessions", "list", "--record-dir", str(long))
    assert (result.code, result.err) == (0, "")
    assert len(result.out.splitlines()) == SESSIONS_IN_A_LONG_LIST + 1
