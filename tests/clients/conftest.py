"""One server for all clients, and the settings of a client."""

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
    """Start the server that all tests of this folder share."""
    with FakeSMTP(
        ports={587: 0, 465: 0},
        accounts=[(APP_KEY, SECRET_KEY)],
        idle_timeout=TIMEOUT / 2,  # closes a session in which both sides wait for the other
    ) as server:
        yield server


@pytest.fixture
def smtp(server: FakeSMTP) -> FakeSMTP:
    """Return the server without messages and sessions of earlier tests."""
    server.clear()
    return server


@pytest.fixture
def end_of_session(smtp: FakeSMTP) -> Iterator[Callable[[], Session]]:
    """Return a function that waits for the end of the test's next session and returns it."""
    ended: SimpleQueue[Session] = SimpleQueue()
    unsubscribe = smtp.on_session_end(ended.put)

    def wait() -> Session:
        session = ended.get(timeout=TIMEOUT)
        # A session of an earlier test may end late. It is not in the server's list.
        return session if session in smtp.sessions else wait()

    yield wait
    unsubscribe()


@pytest.fixture(scope="session")
def require_client(require_tool: Callable[[str], str]) -> Callable[[str], Client]:
    """Return a function that returns a client by name, or skips the test if it is missing."""

    def require(name: str) -> Client:
        client = CLIENTS[name]
        for program in filter(None, (client.program, *client.probe[:1])):
            require_tool(program)
        if (
            client.probe
            and subprocess.run(client.probe, capture_output=True, check=False).returncode
        ):
            reason = f"{name} lacks a part ({' '.join(client.probe)}); .ci/run installs it"
            if os.environ.get("FAKESMTP_TEST_ALL") == "1":
                pytest.fail(f"{reason} (FAKESMTP_TEST_ALL=1 does not allow skipping)")
            pytest.skip(reason)
        return client

    return require


@pytest.fixture(scope="session", params=CLIENTS)
def client(request: pytest.FixtureRequest, require_client: Callable[[str], Client]) -> Client:
    """Return each client in turn."""
    return require_client(request.param)


@pytest.fixture(params=[587, 465], ids=["starttls", "implicit-tls"])
def real_port(request: pytest.FixtureRequest) -> int:
    """Return a port with STARTTLS, then a port with implicit TLS."""
    return int(request.param)


@pytest.fixture(params=["PLAIN", "LOGIN"])
def mechanism(request: pytest.FixtureRequest) -> str:
    """Return each mechanism of AUTH in turn."""
    return str(request.param)


@pytest.fixture
def host() -> str:
    """Return the host name that the client connects to."""
    return "localhost"


@pytest.fixture
def settings(smtp: FakeSMTP, host: str, real_port: int, mechanism: str, tmp_path: Path) -> Settings:
    """Return the settings of a client, all of them correct."""
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
    """Return a CA with the name of the server's CA that did not sign its certificate."""
    return CertificateFolder(tmp_path_factory.mktemp("foreign")).ensure().ca_file


@pytest.fixture(autouse=True)
def resolve_to_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve the endpoint's name and another name to localhost, within Python."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as there
        name = "localhost" if host in {REAL_NAME, "smtp.example.com"} else host
        return resolve(name, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
