"""One server for all clients, and what a client is told to use it."""

from __future__ import annotations

import os
import socket
import subprocess
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
from clients.catalogue import CLIENTS
from clients.exchange import APP_KEY, REAL_NAME, SECRET_KEY, TIMEOUT, Client, Settings

from fakesmtp import FakeSMTP
from fakesmtp.tls import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakesmtp.sessions.transcript import Session


@pytest.fixture(scope="session")
def server() -> Iterator[FakeSMTP]:
    """The one server of all these tests."""
    with FakeSMTP(
        ports={587: 0, 465: 0},
        accounts=[(APP_KEY, SECRET_KEY)],
        idle_timeout=TIMEOUT / 2,  # ends a dialogue in which both sides wait for the other
    ) as server:
        yield server


@pytest.fixture
def smtp(server: FakeSMTP) -> FakeSMTP:
    """The server, with nothing in it that earlier tests left."""
    server.clear()
    return server


@pytest.fixture
def end_of_session(smtp: FakeSMTP) -> Iterator[Callable[[], Session]]:
    """A function that waits until the test's next session is over, and gives it."""
    ended: SimpleQueue[Session] = SimpleQueue()
    unsubscribe = smtp.on_session_end(ended.put)

    def wait() -> Session:
        session = ended.get(timeout=TIMEOUT)
        # An earlier test's session may end late; it is not among those that are listed now.
        return session if session in smtp.sessions else wait()

    yield wait
    unsubscribe()


@pytest.fixture(scope="session")
def require_client(require_tool: Callable[[str], str]) -> Callable[[str], Client]:
    """`require_client("swaks")` gives the client, or skips the test, as `require_tool` does."""

    def require(name: str) -> Client:
        client = CLIENTS[name]
        for program in filter(None, (client.program, *client.probe[:1])):
            require_tool(program)
        if (
            client.probe
            and subprocess.run(client.probe, capture_output=True, check=False).returncode
        ):
            lacking = f"{name} lacks a part ({' '.join(client.probe)}); .ci/run installs it"
            if os.environ.get("FAKESMTP_TEST_ALL") == "1":
                pytest.fail(f"{lacking} (FAKESMTP_TEST_ALL=1 allows no skipping)")
            pytest.skip(lacking)
        return client

    return require


@pytest.fixture(scope="session", params=CLIENTS)
def client(request: pytest.FixtureRequest, require_client: Callable[[str], Client]) -> Client:
    """Each client in turn."""
    return require_client(request.param)


@pytest.fixture(params=[587, 465], ids=["starttls", "implicit-tls"])
def real_port(request: pytest.FixtureRequest) -> int:
    """A port with STARTTLS, a port with TLS from the start."""
    return int(request.param)


@pytest.fixture(params=["PLAIN", "LOGIN"])
def mechanism(request: pytest.FixtureRequest) -> str:
    """Both mechanisms of AUTH."""
    return str(request.param)


@pytest.fixture
def host() -> str:
    """The name by which the server is called."""
    return "localhost"


@pytest.fixture
def settings(smtp: FakeSMTP, host: str, real_port: int, mechanism: str, tmp_path: Path) -> Settings:
    """All that a client needs to know; right in everything."""
    return Settings(
        host=host,
        real_port=real_port,
        port=smtp.port(real_port),
        mechanism=mechanism,
        ca_file=smtp.ca_file,
        folder=tmp_path,
    )


@pytest.fixture(scope="session")
def foreign_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority like the server's own, of the same name, that has not signed its certificate."""
    return CertificateFolder(tmp_path_factory.mktemp("foreign")).ensure().ca_file


@pytest.fixture(autouse=True)
def names_lead_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real endpoint's name, and a stranger's, have localhost's address within Python."""
    resolve = socket.getaddrinfo

    def lead_here(host: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as there
        name = "localhost" if host in {REAL_NAME, "smtp.example.com"} else host
        return resolve(name, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lead_here)
