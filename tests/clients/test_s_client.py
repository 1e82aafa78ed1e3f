"""What `openssl s_client` shows of the endpoint, and its ways with line ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.exchange import MAIL, check_arrival
from clients.s_client import DialogueError, open_terminal, talk_to_openssl

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.exchange import Settings

    from fakesmtp import FakeSMTP

#: What is said to NOOP; the end of EHLO's reply, which openssl shows, begins with 250, too.
OK = "250 2.0.0 "

pytestmark = pytest.mark.usefixtures("openssl")


@pytest.fixture(scope="module", name="openssl")
def require_openssl(require_tool: Callable[[str], str]) -> str:
    """The path of openssl."""
    return require_tool("openssl")


@pytest.mark.parametrize("options", [(), ("-crlf",)], ids=["crlf-typed", "crlf-made"])
def test_line_ends(settings: Settings, smtp: FakeSMTP, options: tuple[str, ...]) -> None:
    """With `-crlf` openssl makes CRLF of the LF that is typed; without it CRLF must be typed."""
    with open_terminal(settings, *options) as terminal:
        terminal.ask(250, "EHLO client.example.com")
        terminal.log_in(settings)
        terminal.send(MAIL)
    check_arrival(smtp, settings)


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_lone_lf_in_commands(settings: Settings, smtp: FakeSMTP) -> None:
    """Whoever forgets `-crlf` is understood, and the session says what is wrong."""
    with open_terminal(settings) as terminal:
        terminal.write(b"EHLO client.example.com\n")
        terminal.expect(250)
        terminal.write(b"NOOP\n")
        terminal.expect(250)
    assert smtp.sessions[0].transcript().count("a bare LF ended the next line") == 2


@pytest.mark.parametrize("mechanism", ["PLAIN"])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_tls_versions(settings: Settings, smtp: FakeSMTP, version: str) -> None:
    """TLS 1.2 and 1.3 are both there, and the session says which it was."""
    with open_terminal(settings, f"-{version.lower().replace('.', '_').replace('v', '')}"):
        pass
    tls = smtp.sessions[0].tls
    assert tls is not None
    assert tls.version == version


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_new_keys(settings: Settings) -> None:
    """A client of TLS 1.3 may change its keys and ask for new ones; the session goes on."""
    with talk_to_openssl(settings, "-tls1_3") as openssl:
        for typed, shown in (("NOOP", OK), ("K", "KEYUPDATE"), ("NOOP", OK), ("Q", "DONE")):
            openssl.show(typed, shown)


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_second_handshake(settings: Settings) -> None:
    """Who types RCPT without `-quiet` asks for a second handshake, and is told that there is none.

    So OpenSSL has it from 3.0 on, on the server's side.
    """
    with talk_to_openssl(settings, "-tls1_2") as openssl:
        openssl.show("NOOP", OK)
        openssl.show("RCPT", "RENEGOTIATING")
        assert "no renegotiation" in openssl.read_to_end()


@pytest.mark.parametrize("mechanism", ["PLAIN"])
def test_old_tls(settings: Settings) -> None:
    """TLS 1.1 is refused, also to a client that would take any cipher."""
    with (
        pytest.raises(DialogueError),
        open_terminal(settings, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") as terminal,
    ):
        terminal.ask(250, "EHLO client.example.com")
