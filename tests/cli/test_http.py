"""`serve --http`, and `sessions --server`, as a user runs them."""

from __future__ import annotations

import json
import signal
import socket
import sys
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Result, Serving

    Serve = Callable[..., Serving]
    Run = Callable[..., Result]


def test_sessions_of_a_running_server(
    serve: Serve, send: Callable[..., None], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions of a running server are listed, shown, exported and compared."""
    serving = serve("--http", "0")
    url = serving.read_until("HTTP API at ").rpartition(" ")[2]
    port = serving.ports()[1]
    send(port)
    send(port)
    listed = run("sessions", "list", "--server", url, "--json").out.splitlines()
    first, second = (json.loads(line)["id"] for line in listed)
    monkeypatch.setenv("FAKESMTP_SERVER", url)
    assert run("sessions", "list").out.count("delivered") == 2
    assert "AppKey AppKey (ad) by AUTH" in run("sessions", "show", first).out
    assert "C: QUIT\n" in run("sessions", "export", first).out.upper()
    assert run("sessions", "diff", first, second).out == f"{first} and {second} are equal\n"
    unknown = run("sessions", "show", "nobody")
    assert (unknown.code, unknown.err) == (
        1,
        f"fakesmtp: {url}: session 'nobody' is not kept by this server\n",
    )
    result = serving.stop(signal.SIGINT)
    assert (result.code, result.err) == (0, "")
    gone = run("sessions", "list")
    assert (gone.code, f"no server answers at {url}" in gone.err) == (1, True)


def test_faults_set_over_http_are_reported(serve: Serve) -> None:
    """Faults that are set or removed over HTTP are reported as text and as JSON."""
    rules = b'{"fault": [{"where": "rcpt", "what": "drop", "name": "gone"}]}'
    for options in ((), ("--json",)):
        serving = serve("--http", "0", *options)
        if options:
            url = json.loads(serving.read_until('"ready"'))["http"]
        else:
            url = serving.read_until("HTTP API at ").rpartition(" ")[2]
        for method, body in (("PUT", rules), ("DELETE", None)):
            request = Request(f"{url}/api/fakesmtp/v1/faults", body, method=method)  # noqa: S310 - our own
            urlopen(request).close()  # noqa: S310 - our own
        if options:
            first, second = (json.loads(serving.read_until('"faults"')) for _ in range(2))
            assert [each["name"] for each in first["faults"]] == ["gone"]
            assert second["faults"] == []
        else:
            serving.read_until("planned faults were set over HTTP: 1")
            serving.read_until("gone: ")
            serving.read_until("planned faults were set over HTTP: none")


def test_faults_of_a_running_server(serve: Serve, tmp_path: Path) -> None:
    """The JSON has the address; the rules of a file can be read and replaced over HTTP."""
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nwhere = "rcpt"\nwhat = "drop"\n')
    serving = serve("--json", "--http", "127.0.0.1:0", "--faults", str(file))
    url = json.loads(serving.read_until('"ready"'))["http"] + "/api/fakesmtp/v1/faults"
    with urlopen(url) as answer:  # noqa: S310 - our own
        assert [each["fault"]["what"] for each in json.load(answer)["faults"]] == ["drop"]
    request = Request(url, b"{}", method="PUT")  # noqa: S310 - our own
    with urlopen(request) as answer:  # noqa: S310 - our own
        assert json.load(answer) == {"faults": []}


def test_a_port_that_is_taken(run: Run) -> None:
    """A taken HTTP port is an error of one line, and the server stops."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--ports", "auto", "--http", str(port))
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"fakesmtp: port {port} on 127.0.0.1 is taken: ")


@pytest.mark.parametrize(
    "text", ["x", "1:2:3", "::1", "::1:80", "65536", "-1", ":80", "http://a:1"]
)
def test_wrong_addresses(run: Run, text: str) -> None:
    """An invalid address is an error about its option."""
    result = run("serve", "--http", text)
    assert (result.code, "--http: " in result.err) == (2, True)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "ftp://a", "http://", "http://a/b", "http://u@a"])
def test_wrong_servers(run: Run, text: str) -> None:
    """An invalid address of a server is an error about its option."""
    result = run("sessions", "list", "--server", text)
    assert (result.code, "--server: " in result.err) == (2, True)


def test_a_folder_and_a_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearer source wins over the farther one; two of one source are an error."""
    monkeypatch.setenv("FAKESMTP_RECORD_DIR", "nowhere")
    assert "no server answers" in run("sessions", "list", "--server", "http://127.0.0.1:1").err
    monkeypatch.setenv("FAKESMTP_SERVER", "http://127.0.0.1:1")
    assert "there is no folder x" in run("sessions", "list", "--record-dir", "x").err
    result = run("sessions", "list")
    assert (result.code, "give one of them" in result.err) == (2, True)


def test_without_the_libraries(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without FastAPI the error says how to install it."""
    for module in [name for name in sys.modules if name.startswith("fakesmtp.web.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    result = run("serve", "--ports", "auto", "--http", "0")
    assert (result.code, "fastapi: pip install 'fakesmtp[server]'" in result.err) == (2, True)


def test_open_http_addresses_are_warned_about(serve: Serve) -> None:
    """An address that is not a loopback address is a warning."""
    serving = serve("--http", "0.0.0.0:0")
    serving.ports()
    result = serving.stop(signal.SIGTERM)
    assert "0.0.0.0 is not a loopback address: other machines can read sessions" in result.err
