"""Hooks of a handler: what they decide, and what they see of client and server."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from logging import Logger
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import MISSING, Envelope, Session
from hooks import INTERNAL_ERROR, TEXT, connect, only_session, say
from raw_client import RawClient
from scenarios import KEYS

from fakesmtp import FakeSMTP
from fakesmtp.protocol.actions import Envelope as KeptEnvelope
from fakesmtp.server import engine_of
from fakesmtp.sessions import ClosedBy
from fakesmtp.smtp.connection import Connection
from fakesmtp.smtp.hooked import AuthData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiosmtpd.smtp import SMTP

    Serve = Callable[..., FakeSMTP]

SECRET = b"what-nobody-keeps"
LOGIN = f"AUTH PLAIN {b64encode(chr(0).join(['', *KEYS]).encode()).decode()}"
#: Commands that the dialogue refuses at the beginning of a session, and the replies.
REFUSED = {
    "MAIL FROM:<a@b.c>": "503 5.5.0 Need HELO or EHLO before MAIL",
    "RCPT TO:<a@b.c>": "503 5.5.0 Need MAIL before RCPT",
    "RSET x": "500 5.5.4 Unexpected argument provided with RSET command",
    "VRFY": "502 5.3.3 VRFY is not supported",
    "EHLO": "501 5.5.4 Domain address required: EHLO",
    "QUIT x": "500 5.5.4 Unexpected argument provided with QUIT command",
}


def texts(smtp: FakeSMTP) -> list[str]:
    """Return the texts of the events of the only session."""
    return [event.text for event in only_session(smtp).events]


# -- decisions of hooks ----------------------------------------------------------------------------


def test_hook_decides_whether_a_message_is_kept(serve: Serve) -> None:
    """A message is kept if `handle_DATA` accepts it; the session has refused messages, too."""
    replies = iter(["554 5.7.1 spam", "250 2.0.0 queued as 1"])

    async def data(_server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert envelope.content == TEXT
        return next(replies)

    with serve(DATA=data) as smtp, connect(smtp) as client:
        for reply in ("554 5.7.1 spam", "250 2.0.0 queued as 1"):
            client.begin_data()
            client.send(TEXT + b".\r\n")
            assert client.read_reply() == reply
        (message,) = smtp.messages
    assert message.raw == TEXT
    shown = texts(smtp)
    assert len([text for text in shown if text.startswith("(message data: ")]) == 2


def test_hooks_do_not_change_the_message(serve: Serve) -> None:
    """Only hooks see what hooks write into the envelope."""

    async def rcpt(_s: SMTP, _t: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        envelope.rcpt_tos.append(f"other-{address}")
        return "250 OK"

    async def data(_server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert envelope.rcpt_tos == ["other-rcpt@example.org"]
        envelope.content, envelope.mail_from = b"changed", "changed"
        return "250 OK"

    with serve(RCPT=rcpt, DATA=data) as smtp, connect(smtp) as client:
        client.begin_data()
        client.send(TEXT + b".\r\n")
        client.read_reply()
        (message,) = smtp.messages
    assert message.raw == TEXT
    assert message.envelope == KeptEnvelope("sender@example.com", ("rcpt@example.org",))


def test_refused_recipient_is_removed_from_the_envelope(serve: Serve) -> None:
    """A recipient that a hook refuses is removed, also if the hook added it before."""

    async def rcpt(_s: SMTP, _t: Session, envelope: Envelope, address: str, _o: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        return "550 no" if address == "rcpt@example.org" else "250 OK"

    async def data(_server: SMTP, _session: Session, envelope: Envelope) -> str:
        return f"250 {envelope.rcpt_tos}"

    with serve(RCPT=rcpt, DATA=data) as smtp, connect(smtp) as client:
        client.send(b"MAIL FROM:<a@b.c>\r\nRCPT TO:<rcpt@example.org>\r\nDATA\r\n")
        client.send(b"RCPT TO:<d@e.f>\r\nDATA\r\n")
        replies = [client.read_reply()[:3] for _ in range(5)]
        assert replies == ["250", "550", "503", "250", "354"]
        client.send(TEXT + b".\r\n")
        assert client.read_reply() == "250 ['d@e.f']"
        assert smtp.messages[0].envelope.rcpt_tos == ("d@e.f",)


def test_recipient_without_auth_that_a_hook_refuses(
    serve: Serve,
) -> None:
    """A postmaster@ without AUTH that a hook refused does not cause a refusal at DATA."""
    options = {"auth_required_at": "rcpt"}
    with serve(RCPT=say("550 no"), options=options) as smtp, connect(smtp) as client:
        client.ask("MAIL FROM:<a@b.c>")
        assert client.ask("RCPT TO:<postmaster@b.c>") == "550 no"
        assert client.ask("DATA") == "503 5.5.0 No recipients specified"
        assert client.ask("RCPT TO:<d@e.f>") == "530 5.7.1 Authentication Required"


def test_second_mail_command_clears_the_sender(serve: Serve) -> None:
    """When the dialogue clears the sender, the envelope of the hooks has no sender either."""
    seen = []

    async def noop(_server: SMTP, _session: Session, envelope: Envelope, _arg: str) -> str:
        seen.append((envelope.mail_from, envelope.mail_options, envelope.rcpt_tos))
        return "250 OK"

    with serve(NOOP=noop) as smtp, connect(smtp) as client:
        for line in ("MAIL FROM:<a@b.c> SIZE=1", "RCPT TO:<d@e.f>", "NOOP", "MAIL FROM:<x@y.z>"):
            client.ask(line)
        client.ask("NOOP")
    assert seen == [("a@b.c", [], ["d@e.f"]), (None, [], ["d@e.f"])]


def test_refused_ehlo_changes_nothing(serve: Serve) -> None:
    """An EHLO that a hook refuses does not change the state (RFC 5321 §4.1.4)."""

    async def ehlo(_s: SMTP, _t: Session, _e: Envelope, hostname: str, lines: list[str]) -> object:
        return "550 no" if hostname == "bad" else lines

    with serve(EHLO=ehlo) as smtp, RawClient(smtp.port(587)) as client:
        client.read_reply()
        assert client.ask("EHLO bad") == "550 no"
        assert client.ask("MAIL FROM:<a@b.c>") == REFUSED["MAIL FROM:<a@b.c>"]
        client.ask("EHLO good")
        assert client.ask("EHLO bad") == "550 no"
        assert client.ask("MAIL FROM:<a@b.c>") == "250 2.1.0 Sender <a@b.c> OK"


def test_message_over_the_size_limit_does_not_reach_a_hook(serve: Serve) -> None:
    """A message over the limit is refused without a call of the hook, and the envelope is new."""
    sizes = []

    async def data(_server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        sizes.append((len(envelope.content), envelope.rcpt_tos))
        return "250 OK"

    with serve(DATA=data, options={"max_message_size": 100}) as smtp, connect(smtp) as client:
        for size in (200, 50):
            client.begin_data()
            client.send(b"x" * size + b"\r\n.\r\n")
            client.read_reply()
    assert sizes == [(52, ["rcpt@example.org"])]


def test_hooks_are_not_called_for_refused_commands(serve: Serve) -> None:
    """The server does not call a hook for a command that the dialogue refuses."""
    never = say("250 from the hook")
    with (
        serve(MAIL=never, RCPT=never, RSET=never, QUIT=never, VRFY=never, AUTH=never) as smtp,
        RawClient(smtp.port(587)) as client,
    ):
        client.read_reply()
        replies = {line: client.ask(line) for line in REFUSED}
    assert replies == REFUSED


def test_missing_selects_the_default_reply(serve: Serve) -> None:
    """When a hook returns `MISSING`, the server replies as without the hook."""
    missing = say(MISSING)

    async def ehlo(_s: SMTP, _t: Session, _e: Envelope, _hostname: str, _lines: object) -> object:
        return MISSING

    with serve(EHLO=ehlo, AUTH=missing, VRFY=missing) as smtp:
        with FakeSMTP(accounts=[KEYS]) as plain, connect(plain) as client:
            expected = [client.ask(line) for line in ("EHLO c", "VRFY a", LOGIN)]
        with connect(smtp) as client:
            assert [client.ask(line) for line in ("EHLO c", "VRFY a", LOGIN)] == expected


# -- AUTH ------------------------------------------------------------------------------------------


def test_handle_auth_is_called_after_a_correct_login(serve: Serve) -> None:
    """`handle_AUTH` is called only after a correct login, has its data, and may refuse it."""
    calls = []

    async def auth(_server: SMTP, session: Session, _envelope: Envelope, args: list[str]) -> str:
        calls.append((args, session.authenticated, session.auth_data.login))
        return "535 not on Sundays" if len(calls) == 1 else "235 welcome"

    options = {"auth_required_at": "rcpt"}
    with serve(AUTH=auth, options=options) as smtp, connect(smtp) as client:
        assert client.ask("AUTH PLAIN AEFwcEtleQBub3BlCg==") == "535 Authentication Failed"
        assert client.ask(LOGIN) == "535 not on Sundays"
        client.ask("MAIL FROM:<a@b.c>")
        assert client.ask("RCPT TO:<d@e.f>") == "530 5.7.1 Authentication Required"
        assert client.ask(LOGIN) == "235 welcome"
        assert client.ask("RCPT TO:<d@e.f>") == "250 2.1.5 Recipient <d@e.f> OK"
    assert calls == [(["PLAIN"], True, b"AppKey")] * 2
    assert len([text for text in texts(smtp) if text.startswith("logged in")]) == 1


@pytest.mark.parametrize("mail_type", ["", "#normal", "#ad"])
def test_auth_data_has_app_key_and_mail_type(serve: Serve, mail_type: str) -> None:
    """`session.auth_data` has the user name, the AppKey and the mail type."""
    seen: list[Any] = []

    async def noop(_server: SMTP, session: Session, _envelope: Envelope, _arg: str) -> str:
        seen.append(session.auth_data)
        return "250 OK"

    key = b64encode(f"\0AppKey{mail_type}\0SecretKey".encode()).decode()
    with serve(NOOP=noop) as smtp, connect(smtp) as client:
        client.ask("NOOP")
        client.ask(f"AUTH PLAIN {key}")
        client.ask("NOOP")
    nobody, data = seen
    assert nobody is None
    assert data.login == (b"AppKey#ad" if mail_type == "#ad" else b"AppKey")
    assert (data.app_key, data.mail_type) == ("AppKey", mail_type[1:] or "normal")


def reachable(each: object, depth: int = 5) -> Iterator[object]:
    """Return everything that public attributes and items reach in `depth` steps."""
    yield each
    if not depth or callable(each) or isinstance(each, str | bytes | int | float | Logger):
        return
    names = [name for name in dir(each) if not name.startswith("_")]
    items = [*each, *each.values()] if isinstance(each, dict) else each
    for next_one in (
        *(getattr(each, name, None) for name in names),
        *(items if isinstance(items, list | tuple | set | frozenset) else ()),
    ):
        yield from reachable(next_one, depth - 1)


@pytest.mark.parametrize("accounts", [[("Key", SECRET.decode())], "any"], ids=["one", "any"])
@pytest.mark.parametrize(
    "lines",
    [
        [f"AUTH PLAIN {b64encode(b'%cKey%c' % (0, 0) + SECRET).decode()}"],
        ["AUTH LOGIN", "S2V5", b64encode(SECRET).decode()],
    ],
    ids=["PLAIN", "LOGIN"],
)
def test_hooks_cannot_reach_a_secret_key(serve: Serve, lines: list[str], accounts: object) -> None:
    """No SecretKey is reachable from session, envelope, server or arguments."""
    held: list[str] = []
    forms = SECRET.decode(), lines[-1].split()[-1]

    async def hook(*arguments: object) -> str:
        found = list(reachable(arguments))
        assert {Session, Envelope, AuthData, Connection} <= set(map(type, found))
        held.extend(text for text in map(repr, found) if any(form in text for form in forms))
        return "235 OK"

    hooks = {"AUTH": hook, "NOOP": hook}
    with serve(options={"accounts": accounts}, **hooks) as smtp, connect(smtp) as client:
        assert [client.ask(line) for line in lines][-1] == "235 OK"
        client.ask("NOOP")
    assert held == []


def test_pushed_lines_are_sent_and_recorded(serve: Serve) -> None:
    """Lines that a hook pushes are sent before its reply."""

    async def noop(server: SMTP, *_: object) -> str:
        assert server.transport is not None
        assert server.transport.get_extra_info("peername")[0] == "127.0.0.1"
        assert server.hostname == "smtp-mail.nhncloudservice.com"
        assert server.loop is asyncio.get_running_loop()
        await server.push("250-first")
        await asyncio.sleep(0)
        await server.push(b"250-second")
        return "250 last"

    with serve(NOOP=noop) as smtp, connect(smtp) as client:
        assert client.ask("NOOP") == "250-first\n250-second\n250 last"
    assert [text for text in texts(smtp) if text.startswith("250")][-3:] == [
        *("250-first", "250-second", "250 last")
    ]


def test_hook_can_close_the_connection(serve: Serve) -> None:
    """The session is closed by the server, and has no reply that was not sent."""

    async def data(server: SMTP, *_: object) -> str:
        assert server.transport is not None
        server.transport.close()
        return "250 nobody reads this"

    with serve(DATA=data) as smtp, connect(smtp) as client:
        client.begin_data()
        client.send(TEXT + b".\r\n")
        assert client.read_to_end() == b""
        session = only_session(smtp)
    assert session.closed_by is ClosedBy.SERVER
    assert "nobody" not in "".join(event.text for event in session.events)


def test_hooks_with_implicit_tls(serve: Serve) -> None:
    """With implicit TLS `session.ssl` is set, and `handle_STARTTLS` is not called."""
    versions = []

    async def noop(_server: SMTP, session: Session, *_: object) -> str:
        assert session.ssl is not None
        versions.append(session.ssl["ssl_object"].version())
        return "250 OK"

    with (
        serve(NOOP=noop, STARTTLS=lambda *_: False) as smtp,
        RawClient(smtp.port(465), smtp.client_context()) as client,
    ):
        client.read_reply()
        assert client.ask("NOOP") == "250 OK"
    assert versions == ["TLSv1.3"]


def test_exception_of_handle_starttls_is_raised(serve: Serve) -> None:
    """After an exception in `handle_STARTTLS` the client gets the profile's 451 inside TLS."""

    def starttls(*_: object) -> bool:
        raise LookupError("in STARTTLS")

    smtp = serve(STARTTLS=starttls).start()
    with connect(smtp) as client:
        client.ask("STARTTLS")
        client.start_tls(smtp.client_context())
        assert client.read_reply() == INTERNAL_ERROR
    smtp.stop()
    with pytest.raises(LookupError, match="in STARTTLS"):
        smtp.raise_failures()


def test_terms_have_their_own_handler(serve: Serve) -> None:
    """Later sessions have the handler of the new terms; without one, the server's handler."""
    other = SimpleNamespace(handle_NOOP=say("250 other"))
    with serve(NOOP=say("250 first")) as smtp, connect(smtp) as before:
        engine_of(smtp).change_terms(engine_of(smtp).terms_for("me", handler=other))
        with connect(smtp) as after:
            assert (before.ask("NOOP"), after.ask("NOOP")) == ("250 first", "250 other")
        engine_of(smtp).change_terms(engine_of(smtp).terms_for("you"))
        with connect(smtp) as last:
            assert last.ask("NOOP") == "250 other"
