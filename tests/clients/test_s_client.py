"""`openssl s_client`: line ends, versions of TLS, renegotiation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.exchange import MESSAGE, check_arrival
from clients.s_client import DialogueError, open_terminal, talk_to_openssl

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.exchange import Settings

    from fakesmtp import FakeSMTP

#: The reply to NOOP. 250 alone would match the end of the reply to EHLO, which openssl shows.
OK = "250 2.0.0 "

pytestmark = pytest.mark.usefixtures("openssl")


@pytest.fixture(scope="module", name="openssl")
def require_openssl(require_tool: Callable[[str], str]) -> str:
    """Return the path of openssl."""
    return require_tool("openssl")


@pytest.mark.parametrize("options", [(), ("-crlf",)], ids=["crlf-typed", "lf-converted"])
def test_line_ends(settings: Settings, smtp: FakeSMTP, options: tuple[str, ...]) -> None:
    """With `-crlf` openssl converts a typed LF to CRLF; without it CRLF must be typed."""
    with open_terminal(settings, *options) as terminal:
        terminal.ask(250, "EHLO client.example.com")
        terminal.log_in(settings)
        terminal.send(MESSAGE)
    check_arrival(smtp, settings)


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_bare_lf_in_commands(settings: Settings, smtp: FakeSMTP) -> None:
    """Commands without `-crlf` are accepted, and the session has a note about the bare LF."""
    with open_terminal(settings) as terminal:
        terminal.write(b"EHLO client.example.com\n")
        terminal.expect(250)
        terminal.write(b"NOOP\n")
        terminal.expect(250)
    assert smtp.sessions[0].transcript().count("a bare LF ended the next line") == 2


@pytest.mark.parametrize("mechanism", ["PLAIN"])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_tls_versions(settings: Settings, smtp: FakeSMTP, version: str) -> None:
    """TLS 1.2 and 1.3 are supported, and the session has the version."""
    with open_terminal(settings, f"-{version.lower().replace('.', '_').replace('v', '')}"):
        pass
    tls = smtp.sessions[0].tls
    assert tls is not None
    assert tls.version == version


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_key_update(settings: Settings) -> None:
    """A client of TLS 1.3 can update its keys; the session continues."""
    with talk_to_openssl(settings, "-tls1_3") as openssl:
        for typed, shown in (("NOOP", OK), ("K", "KEYUPDATE"), ("NOOP", OK), ("Q", "DONE")):
            openssl.show(typed, shown)


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_renegotiation(settings: Settings) -> None:
    """Renegotiation is refused: without `-quiet` a typed RCPT starts one.

    This is the default of OpenSSL 3.0 and newer, on the server's side.
    """
    with talk_to_openssl(settings, "-tls1_2") as openssl:
        openssl.show("NOOP", OK)
        openssl.show("RCPT", "RENEGOTIATING")
        assert "no renegotiation" in openssl.read_to_end()


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_old_tls(settings: Settings) -> None:
    """TLS 1.1 is refused, also for a client that accepts any cipher."""
    with (
        pytest.raises(DialogueError),
        open_terminal(settings, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") as terminal,
    ):
        terminal.ask(250, "EHLO client.example.com")
