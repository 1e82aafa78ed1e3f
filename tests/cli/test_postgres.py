"""Commands on a PostgreSQL store, also beside a server that writes it."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import postgres
import pytest
from made_records import make_record, make_session

from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.opening import open_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Result

    from fakesmtp.storage.sql.store import DatabaseStore

    Run = Callable[..., Result]


@pytest.fixture
def url() -> str:
    """Return the address of an empty schema, with a password that nobody asks for."""
    return postgres.new_url().replace("tester@", "tester:hunter2@")


@pytest.fixture
def store(url: str) -> Iterator[DatabaseStore]:
    """Return the store of a server that is running."""
    with closing(open_url(url, UNLIMITED, replica="pod-1")) as opened:
        yield opened


def test_messages(run: Run, url: str, store: DatabaseStore, tmp_path: Path) -> None:
    """Messages are listed, shown, exported and deleted beside a server."""
    record = make_record("Subject: =?utf-8?B?7J247Kad?=\r\n\r\nhello\r\n")
    store.add(record).result(60)
    store.add(make_record()).result(60)
    listed = run("messages", "list", "subject:인증", "--store", url, "--json")
    assert json.loads(listed.out)["id"] == record.id
    assert "hello" in run("messages", "show", record.id, "--store", url).out
    assert run("messages", "export", "--output", str(tmp_path / "out"), "--store", url).code == 0
    assert (tmp_path / "out" / f"{record.id}.eml").read_bytes() == record.raw
    deleted = run("messages", "delete", record.id, "--store", url)
    assert (deleted.code, deleted.out) == (0, "deleted 1 message\n")
    assert store.get(record.id) is None


def test_ingest(run: Run, url: str, store: DatabaseStore, tmp_path: Path) -> None:
    """Files are added beside a server; the error of a wrong file names it."""
    good, bad = tmp_path / "a.eml", tmp_path / "b.eml"
    good.write_bytes(b"Subject: from a file\r\n\r\nx\r\n")
    bad.write_bytes(b"")
    result = run("ingest", str(good), str(bad), "--store", url)
    assert result.code == 1
    assert "b.eml" in result.err
    assert "added 1 message" in result.out
    assert "hunter2" not in result.out + result.err
    assert [row.facts.subject for row in store.page().rows] == ["from a file"]


def test_older_version(run: Run, url: str, store: DatabaseStore, tmp_path: Path) -> None:
    """Only a server changes the tables of an older version; commands refuse it."""
    mail = tmp_path / "a.eml"
    mail.write_bytes(b"Subject: x\r\n\r\nx\r\n")
    postgres.execute(url, "UPDATE fakesmtp SET version = version - 1")
    for command in (("ingest", str(mail)), ("messages", "delete", "--all"), ("store", "info")):
        result = run(*command, "--store", url)
        assert (result.code, "start `fakesmtp serve` once" in result.err) == (1, True)
    assert store.count().number == 0


def test_sessions(run: Run, url: str, store: DatabaseStore) -> None:
    """Sessions are listed with the name of the server that recorded them."""
    store.add_session(partial(make_session, "s1")).result(60)
    (line,) = run("sessions", "list", "--store", url, "--json").out.splitlines()
    assert json.loads(line)["replica"] == "pod-1"


def test_store(run: Run, url: str, store: DatabaseStore) -> None:
    """Facts have no password; a check finds what is missing; compact tells what is automatic."""
    store.add(make_record()).result(60)
    facts = json.loads(run("store", "info", "--store", url, "--json").out)
    assert facts["messages"] == 1
    assert facts["database"].startswith("postgresql://tester@")
    assert "hunter2" not in str(facts)
    assert run("store", "check", "--store", url).code == 0
    assert "autovacuum" in run("store", "compact", "--store", url).out
    postgres.execute(url, "DELETE FROM texts")
    broken = run("store", "check", "--store", url)
    assert (broken.code, "0 can be searched" in broken.err) == (1, True)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://u:hunter2@host", "names no database"),
        ("postgresql://u:hunter2@host:port/db", "host or port"),
        ("postgresql://u:hun/ter2@127.0.0.1/db", "host or port"),
        ("postgresql://u:hun,ter2/@127.0.0.1/db", "write a password with %XX"),
        ("postgresql://u:hunter2@a:1,b:2/db", "several hosts with ports in postgresql://… follow"),
        ("postgresql://a:1,b:2/db", "(example: postgresql://fakesmtp@/fakesmtp?host=one,two&port"),
        ("postgresql://u:hunter2@/db?host=127.0.0.1,127.0.0.2&port=1,2", "Connection refused"),
        ("postgresql://u:hunter2@127.0.0.1:1/db", "Connection refused"),
        ("mysql://u:hunter2@host/db", "'mysql:***' is not the address of a store"),
        ("postgresql+psycopg://u:hunter2@host/db", "is not the address of a store"),
        ("host=host password=hunter2", "'host=***' is not the address of a store"),
    ],
)
def test_wrong_address(run: Run, address: str, reason: str) -> None:
    """A wrong address is one sentence without the password."""
    result = run("messages", "list", "--store", address)
    assert result.code != 0
    assert reason in result.err
    assert "ter2" not in result.out + result.err
    assert "Traceback" not in result.err
