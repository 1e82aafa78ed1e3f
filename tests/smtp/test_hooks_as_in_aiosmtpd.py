"""A handler gets the same calls in fakesmtp as in aiosmtpd, and clients get the same replies."""

from __future__ import annotations

import io
import mailbox
import re
import smtplib
from functools import partial
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.handlers import Debugging, Mailbox, Message, Sink
from aiosmtpd.smtp import MISSING
from handler_servers import OURS, serve_stock
from raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from email.message import Message as EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session
    from handler_servers import Serve

ours = pytest.mark.parametrize("ours", OURS.values(), ids=OURS)
TEXT = "a hook's own text"
MESSAGE = "Subject: hi\r\n\r\n..hello\r\n"
STARTTLS = "STARTTLS"
#: AUTH is not in the list: fakesmtp checks the accounts before it calls the hook.
HOOKS = ("EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "VRFY", "QUIT")


def describe(session: Session, envelope: Envelope) -> str:
    """Return what a hook sees: of a login the user name, of TLS the names of the facts."""
    peer, tls = session.peer or "", sorted(session.ssl or ())
    name, login = session.host_name, getattr(session.auth_data, "login", None)
    return f"{peer[0]} {tls} {name} {session.extended_smtp} {login} {vars(envelope)}"


def _fill_sender(_session: Session, envelope: Envelope, address: str, options: list[str]) -> None:
    envelope.mail_from = address
    envelope.mail_options.extend(options)


def _fill_recipient(
    _session: Session, envelope: Envelope, address: str, options: list[str]
) -> None:
    envelope.rcpt_tos.append(address)
    envelope.rcpt_options.extend(options)


def _fill_name(session: Session, _envelope: Envelope, name: str) -> None:
    session.host_name = name


#: What accepting hooks must do according to aiosmtpd's documentation.
FILL: dict[str, Callable[..., None]] = {
    "HELO": _fill_name,
    "EHLO": _fill_name,
    "MAIL": _fill_sender,
    "RCPT": _fill_recipient,
}


class Recording:
    """A handler with these hooks, which keeps their calls in `calls`.

    Hooks refuse calls that contain the text `refused`. Hooks in `silent` return MISSING.
    """

    def __init__(
        self, hooks: Iterable[str] = HOOKS, *, refused: str = "-", silent: Iterable[str] = ()
    ) -> None:
        self.calls: list[tuple[str, tuple[object, ...], str]] = []
        self.refused, self.silent = refused, silent
        special = {"EHLO": self.answer_ehlo, "STARTTLS": self.answer_starttls}
        for name in hooks:
            hook = special.get(name) or partial(self.answer, name)
            setattr(self, f"handle_{name}", hook)

    def keep(self, name: str, server: SMTP, *arguments: object) -> str:
        """Keep a call, change session and envelope as documented, and return the reply."""
        session, envelope = server.session, server.envelope
        assert session is not None
        assert envelope is not None
        assert server.event_handler is self
        self.calls.append((name, arguments, describe(session, envelope)))
        if self.refused in f"{name} {arguments}":
            return f"554 no {TEXT}"
        if (fill := FILL.get(name)) and name not in self.silent:
            fill(session, envelope, *arguments)
        return f"250 {TEXT}"

    async def answer(
        self, name: str, server: SMTP, session: Session, envelope: Envelope, *arguments: object
    ) -> object:
        """Act as any other hook."""
        assert (session, envelope) == (server.session, server.envelope)
        reply = self.keep(name, server, *arguments)
        return MISSING if name in self.silent else reply

    async def answer_ehlo(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Act as `handle_EHLO`."""
        del session, envelope
        assert re.fullmatch(r"250-\S+.*", responses[0])
        assert responses[-1].startswith("250 ")
        self.keep("EHLO", server, hostname)
        return [responses[0], f"250-X {TEXT}", "250 HELP"]

    def answer_starttls(self, server: SMTP, session: Session, envelope: Envelope) -> bool:
        """Act as `handle_STARTTLS`."""
        del session, envelope
        return self.keep("STARTTLS", server).startswith("250")


def play(serve: Serve, handler: object, lines: Iterable[str]) -> list[str]:
    """Send the lines; return the hooks' replies, and the codes of the server's own replies."""
    with serve(handler) as (port, context), RawClient(port) as client:
        replies = [client.read_reply()]
        for line in lines:
            replies.append(client.ask(line))
            if line == STARTTLS and replies[-1].startswith("220"):
                client.start_tls(context)
    return [reply if TEXT in reply else reply[:3] for reply in map(without_names, replies)]


def without_names(reply: str) -> str:
    """Return a reply to EHLO without its first line, which has the server's name."""
    first, _, rest = reply.partition("\n")
    return rest or first


MAIL = ["EHLO c", "MAIL FROM:<a@b.c> BODY=8bitmime", "RCPT TO:<d@e.f>", "RCPT TO:<g@h.i>", "DATA"]
SCRIPTS = {
    "message": [*MAIL, MESSAGE + ".", "MAIL FROM:<x@y.z>", "RCPT TO:<x@y.z>", "QUIT"],
    "HELO": ["HELO c", "MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA", MESSAGE + ".", "QUIT"],
    "RSET": [*MAIL[:3], "RSET", "RCPT TO:<d@e.f>", "MAIL FROM:<x@y.z>", "QUIT"],
    "EHLO again": [*MAIL[:3], "EHLO d", "RCPT TO:<d@e.f>", "MAIL FROM:<x@y.z>", "QUIT"],
    "NOOP": ["NOOP", "NOOP  with words ", "noop x", "QUIT"],
    "VRFY": ["EHLO c", "VRFY <a@b.c>", "VRFY a@b.c", "QUIT"],
    "null sender": ["EHLO c", "MAIL FROM:<>", "RCPT TO:<d@e.f>", "DATA", MESSAGE + ".", "QUIT"],
    "login": ["EHLO c", "AUTH PLAIN AEtleSNhZABTZWNyZXQ=", *MAIL[1:], MESSAGE + ".", "QUIT"],
    "login, LOGIN": ["EHLO c", "AUTH LOGIN", "S2V5", "U2VjcmV0", *MAIL[1:], MESSAGE + ".", "QUIT"],
    "STARTTLS": ["EHLO c", STARTTLS, *MAIL, MESSAGE + ".", "QUIT"],
}
#: Without a hook the server replies itself, as for a hook that returns MISSING. VRFY is an
#: exception: each server has its own reply to it.
KINDS = {
    "all": Recording,
    "few": partial(Recording, ["DATA", "VRFY", "QUIT"]),
    "silent": partial(Recording, silent=set(HOOKS) - {"EHLO", "STARTTLS", "VRFY"}),
}
REFUSALS = {
    "MAIL": ["EHLO c", "MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "QUIT"],
    "d@e.f": [*MAIL, MESSAGE + ".", "QUIT"],
    "RCPT": ["EHLO c", "MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA", "QUIT"],
    "DATA": [*MAIL, MESSAGE + ".", "MAIL FROM:<x@y.z>", "QUIT"],
    "RSET": [*MAIL[:3], "RSET", "MAIL FROM:<x@y.z>", "QUIT"],
    "NOOP": ["NOOP", "QUIT"],
    "VRFY": ["EHLO c", "VRFY <a@b.c>", "QUIT"],
    "STARTTLS": ["EHLO c", STARTTLS, "EHLO c", "NOOP", "STARTTLS", "MAIL FROM:<x@y.z>", "QUIT"],
    "QUIT": ["EHLO c", "QUIT"],
}


@ours
@pytest.mark.parametrize("lines", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_hooks_get_the_same(ours: Serve, lines: list[str], make: Callable[[], Recording]) -> None:
    """Hooks are called with equal arguments, sessions and envelopes; the replies are equal."""
    there, here = make(), make()
    assert play(ours, here, lines) == play(serve_stock, there, lines)
    assert here.calls == there.calls


@ours
@pytest.mark.parametrize("lines", REFUSALS.values(), ids=REFUSALS)
def test_refusals_count_the_same(
    ours: Serve, lines: list[str], request: pytest.FixtureRequest
) -> None:
    """After a hook's refusal both servers go on equally."""
    refused = request.node.callspec.id.partition("-")[0]
    there, here = Recording(refused=refused), Recording(refused=refused)
    assert play(ours, here, lines) == play(serve_stock, there, lines)
    assert here.calls == there.calls


class Failing:
    """A handler with hooks that raise, and a `handle_exception` that returns a reply."""

    async def handle_NOOP(self, *_: object) -> str:  # noqa: D102, N802
        raise LookupError(TEXT)

    async def handle_RSET(self, *_: object) -> str:  # noqa: D102, N802
        raise LookupError("other")

    async def handle_exception(self, error: Exception) -> str:  # noqa: D102
        return f"451 {type(error).__name__}: {error}"


@ours
def test_handle_exception_replies_the_same(ours: Serve) -> None:
    """`handle_exception` returns the reply to an exception, and the session continues."""
    lines = ["EHLO c", "NOOP", "RSET", "MAIL FROM:<a@b.c>", "QUIT"]
    replies = play(ours, Failing(), lines)
    assert replies == play(serve_stock, Failing(), lines)
    assert replies[2] == f"451 LookupError: {TEXT}"


class Old:
    """The deprecated form of `handle_EHLO`."""

    async def handle_EHLO(  # noqa: D102, N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str
    ) -> str:
        del envelope
        session.host_name = hostname
        await server.push("250-PUSHED")
        return f"250 {TEXT}"


@ours
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_deprecated_handle_ehlo(ours: Serve) -> None:
    """The server's lines are sent first, then the pushed lines, then the returned line."""
    for serve in (ours, serve_stock):
        with serve(Old()) as (port, _), RawClient(port) as client:
            client.read_reply()
            *planned, pushed, last = client.ask("EHLO c").split("\n")
            assert all(line.startswith("250-") for line in planned)
            assert (pushed, last) == ("250-PUSHED", f"250 {TEXT}")
            assert client.ask("MAIL FROM:<a@b.c>").startswith("250")


# -- aiosmtpd's own handlers -----------------------------------------------------------------------


def send(serve: Serve, handler: object) -> None:
    """Send a message with a real client."""
    with serve(handler) as (port, context), smtplib.SMTP("localhost", port) as client:
        client.starttls(context=context)
        # Not `sendmail`, which adds SIZE where a server offers it.
        client.ehlo()
        client.mail("a@b.c")
        client.rcpt("d@e.f")
        client.rcpt("g@h.i")
        client.data(MESSAGE)


@ours
def test_debugging_prints_the_same(ours: Serve) -> None:
    """`Debugging` prints the message with the client's address."""
    printed = []
    for serve in (ours, serve_stock):
        stream = io.StringIO()
        send(serve, Debugging(stream))
        printed.append(re.sub(r"', \d+\)", "')", stream.getvalue()))
    assert printed[0] == printed[1]
    assert "X-Peer: ('127.0.0.1')\n\n..hello" in printed[0]


@ours
def test_sink_accepts_everything(ours: Serve) -> None:
    """`Sink` accepts every message."""
    send(ours, Sink())


class Parsed(Message):
    """A handler that keeps the messages that aiosmtpd parsed."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[EmailMessage] = []

    def handle_message(self, message: EmailMessage) -> None:
        """Keep the message."""
        self.messages.append(message)


@ours
def test_a_subclass_of_message_parses_the_same(ours: Serve) -> None:
    """A subclass of `Message` gets the same content, sender and recipients."""
    here, there = Parsed(), Parsed()
    send(ours, here)
    send(serve_stock, there)
    for parsed in (here, there):
        del parsed.messages[0]["X-Peer"]
    assert here.messages[0].as_bytes() == there.messages[0].as_bytes()
    assert here.messages[0]["X-RcptTo"] == "d@e.f, g@h.i"


@ours
def test_mailbox_keeps_files(ours: Serve, tmp_path: Path) -> None:
    """`Mailbox` writes messages to a Maildir."""
    send(ours, Mailbox(tmp_path / "mail"))
    (kept,) = mailbox.Maildir(tmp_path / "mail")
    assert kept["X-MailFrom"] == "a@b.c"
    assert kept.get_payload() == "..hello\n"
