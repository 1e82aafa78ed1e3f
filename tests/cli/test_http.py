"""`serve --http`, and `sessions --server`, as a user runs them."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import sys
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import bcrypt
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
    url = serving.page()
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
        url = json.loads(serving.read_until('"ready"'))["http"] if options else serving.page()
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
    """An HTTP port in use is an error of one line, and the server stops."""
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


def test_addresses_that_other_machines_reach(run: Run, serve: Serve) -> None:
    """Such an address needs a file of passwords, or --http-open, which is a warning."""
    refused = run("serve", "--ports", "auto", "--http", "0.0.0.0:0")
    assert refused.code == 2
    assert "give --http-auth-file FILE to ask for a password, or --http-open" in refused.err
    serving = serve("--http", "0.0.0.0:0", "--http-open")
    serving.ports()
    result = serving.stop(signal.SIGTERM)
    assert "--http-open: everyone who reaches the page can read and delete" in result.err


def test_the_page_is_served_by_default(serve: Serve) -> None:
    """Without an option there is a page, on a free port here; SMTP is ready before it."""
    serving = serve("--http", "0")
    ready = json.loads(urlopen(f"{serving.page()}/api/fakesmtp/v1/info").read())  # noqa: S310 - our own
    assert [each["local_port"] for each in ready["listeners"]] == serving.ports()
    lines = serving.lines
    assert lines.index(next(x for x in lines if "is ready" in x)) < lines.index(lines[-1])


def test_no_page(serve: Serve) -> None:
    """With --no-http there is no HTTP server."""
    serving = serve("--no-http", "--json")
    assert json.loads(serving.read_until('"ready"'))["http"] is None


def test_a_page_and_no_page(run: Run) -> None:
    """--no-http with --http is an error that names both."""
    result = run("serve", "--no-http", "--http", "0", "--ports", "auto", "--store", "memory")
    assert (result.code, result.out) == (2, "")
    assert "--no-http and --http are both given: give one of them" in result.err


def test_the_nearer_of_page_and_no_page(serve: Serve, clean_place: Path) -> None:
    """--http on the command line wins over no-http in the file."""
    (clean_place / "fakesmtp.toml").write_text("no-http = true\n")
    serving = serve("--http", "0", "--json")
    assert json.loads(serving.read_until('"ready"'))["http"] is not None


def test_https_with_the_certificate_of_smtp(serve: Serve, clean_place: Path) -> None:
    """With --http-tls the page is served over TLS, which the CA file verifies."""
    serving = serve("--http", "0", "--http-tls")
    url = serving.page().replace("127.0.0.1", "localhost")
    context = ssl.create_default_context(cafile=clean_place / "certs" / "ca.pem")
    with urlopen(f"{url}/livez", context=context) as response:  # noqa: S310 - our own
        assert (url.startswith("https://"), response.read()) == (True, b"ok")


def test_a_password_file(serve: Serve, run: Run, tmp_path: Path) -> None:
    """With --http-auth-file a name and a password are needed; a wrong file is an error."""
    file = tmp_path / "htpasswd"
    file.write_text("someone:in-clear\n")
    wrong = run("serve", "--ports", "auto", "--http", "0", "--http-auth-file", str(file))
    assert wrong.code == 2
    assert f"{file}, line 1 is not a password: write NAME:HASH a line" in wrong.err
    assert "in-clear" not in wrong.err
    file.write_bytes(b"someone:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)) + b"\n")
    serving = serve("--http", "0", "--http-auth-file", str(file))
    url = serving.page()
    with pytest.raises(HTTPError, match="401") as refused:
        urlopen(f"{url}/api/fakesmtp/v1/info")  # noqa: S310 - our own
    assert json.load(refused.value)["detail"].startswith("a name and a password")
    assert refused.value.headers["www-authenticate"].startswith("Basic ")
    assert urlopen(f"{url}/livez").read() == b"ok"  # noqa: S310 - our own


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--http-tls-key", "x.pem"), "--http-tls-key needs the certificate"),
        (("--http-tls-cert", "x.pem"), "--http-tls-cert x.pem: No such file or directory"),
        (("--http-cors-origins", "example.com"), "'example.com' is not an origin"),
        (("--http-allowed-hosts", "http://x"), "'http://x' is not a host name"),
    ],
)
def test_wrong_http_options(run: Run, options: tuple[str, ...], told: str) -> None:
    """A wrong option is an error of one sentence."""
    result = run("serve", "--ports", "auto", "--http", "0", *options)
    assert (result.code, told in result.err) == (2, True)
