"""A PostgreSQL server for tests: Debian's, in a temporary folder, one for all workers of a run.

The first worker that needs it starts it, the last one that ends stops it. Each worker has a
database, and each store a schema in it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest
from free_ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
_NOTE = Path(tempfile.gettempdir()) / f"fakesmtp-postgres-{_RUN}.json"
_PROGRAMS = Path("/usr/lib/postgresql")
#: Clients on this machine need no password, except for one role.
_ACCESS = """\
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
local all all trust
"""
_SETTINGS = """\
listen_addresses = '127.0.0.1'
max_connections = 200
log_min_messages = fatal
"""
#: A database for each way of comparing texts: the server's own, and C.
LOCALES = {"utf8": "", "c": "LC_COLLATE 'C' LC_CTYPE 'C'"}
_numbers = count(1)
_used: set[str] = set()


def find_programs() -> Path:
    """Return the folder of PostgreSQL's programs; without it skip the test, or fail it."""
    found = sorted(_PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        missing = "postgresql is not installed; .ci/run installs it"
        if os.environ.get("FAKESMTP_TEST_ALL") == "1":
            pytest.fail(f"{missing} (FAKESMTP_TEST_ALL=1 does not allow skipping)")
        pytest.skip(missing)
    return found[-1].parent


def _run(program: str, *arguments: str | Path) -> None:
    """Run a program of PostgreSQL, which refuses to work for root."""
    as_other: dict[str, Any] = {}
    if os.geteuid() == 0:
        as_other = {"user": "nobody", "group": "nogroup", "extra_groups": ()}
    subprocess.run(
        [find_programs() / program, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **as_other,
    )


class Server:
    """A PostgreSQL server in a folder. It can be stopped and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @classmethod
    def make(cls) -> Server:
        """Make the folder and start the server."""
        folder = Path(tempfile.mkdtemp(prefix="fakesmtp-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        data = folder / "data"
        _run("initdb", "--username=tester", "--locale=C.UTF-8", "--encoding=UTF8", "-D", data)
        for name, text in (("pg_hba.conf", _ACCESS), ("postgresql.conf", _SETTINGS)):
            (data / name).write_text(text)
        server = cls(folder, free_port())
        server.start()
        return server

    def start(self) -> None:
        """Start the server; return when it takes connections."""
        options = f"-p {self.port} -k {self.folder}"
        _run("pg_ctl", "-D", self.folder / "data", "-o", options, "-l", self._log, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` ends all connections, `immediate` is a crash."""
        _run("pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    def process_id(self) -> int:
        """Return the id of its first process."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def remove(self) -> None:
        """Stop the server and remove its folder."""
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, database: str, user: str = "tester") -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements; return the rows of the last one."""
        import psycopg  # noqa: PLC0415 - only where PostgreSQL is

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            while cursor.nextset():
                """Only the rows of the last statement are wanted."""
            return cursor.fetchall() if cursor.description else []


def _open_note() -> TextIO:
    """Open the note and lock it; one that another worker has just removed does not count."""
    while True:
        file = _NOTE.open("a+", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if _NOTE.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        file.close()


@contextmanager
def _note() -> Iterator[dict[str, Any]]:
    """Give what the workers of a run know together; nobody else has it meanwhile."""
    with _open_note() as file:
        file.seek(0)
        text = file.read()
        known = json.loads(text) if text else {}
        try:
            yield known
        finally:
            file.seek(0)
            file.truncate()
            file.write(json.dumps(known))


def shared_server() -> Server:
    """Return the server of this run; the first call starts it."""
    find_programs()
    with _note() as known:
        if not known.get("workers"):
            server = Server.make()
            known.update(folder=str(server.folder), port=server.port, workers=[])
        if _WORKER not in known["workers"]:
            known["workers"].append(_WORKER)
        return Server(Path(known["folder"]), known["port"])


def release() -> None:
    """Stop the server where no other worker uses it; a no-op for a worker that has not used it."""
    if not _used:
        return
    with _note() as known:
        known["workers"].remove(_WORKER)
        if not known["workers"]:
            Server(Path(known["folder"]), known["port"]).remove()
            _NOTE.unlink()


def new_url(locale: str = "utf8") -> str:
    """Return the address of a new, empty schema in a database of this worker."""
    server = shared_server()
    database = f"{_WORKER}_{locale}"
    if database not in _used:
        server.execute(f"CREATE DATABASE {database} TEMPLATE template0 {LOCALES[locale]}")
        _used.add(database)
    schema = f"test_{next(_numbers)}"
    server.execute(f"CREATE SCHEMA {schema}", database)
    return f"{server.url(database)}?options=-csearch_path%3D{schema}"


def database_of(url: str) -> str:
    """Return the name of the database in an address."""
    return url.partition("?")[0].rpartition("/")[2]


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run statements in the schema of an address that `new_url` gave; see `Server.execute`."""
    schema = url.rpartition("%3D")[2]
    return shared_server().execute(f"SET search_path = {schema}; {statement}", database_of(url))
