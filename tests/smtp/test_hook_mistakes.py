"""What becomes of exceptions in hooks, of what they return wrongly, of unfit handlers."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from hooks import INTERNAL_ERROR, connect, only_session, say
from raw_client import PATIENCE

from fakesmtp import ConfigurationError, FakeSMTP
from fakesmtp.server import engine_of
from fakesmtp.sessions import ClosedBy

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiosmtpd.smtp import SMTP

    Serve = Callable[..., FakeSMTP]


def raises(error: BaseException) -> Callable[..., Any]:
    """Make a hook that raises."""

    async def hook(*_: object) -> str:
        await asyncio.sleep(0)
        raise error

    return hook


def use(server: FakeSMTP, line: str = "NOOP") -> str:
    """Send a line, read the reply and the end; the server raises what went wrong."""
    with server as smtp, connect(smtp) as client:
        reply = client.ask(line)
        assert client.read_to_end() == b""
    return reply


class Broken(BaseException):
    """As `pytest.fail` raises it: not an `Exception`."""


@pytest.mark.parametrize("kind", [LookupError, Broken, SystemExit, asyncio.CancelledError])
def test_an_exception_is_raised_in_the_test(serve: Serve, kind: type[BaseException]) -> None:
    """The client gets the profile's words, and nothing of the exception's; then it is closed."""
    smtp = serve(NOOP=raises(kind("a secret"))).start()
    with connect(smtp) as client:
        client.send(b"NOOP\r\n")
        assert client.read_to_end() == f"{INTERNAL_ERROR}\r\n".encode()
    assert only_session(smtp).closed_by is ClosedBy.SERVER
    with pytest.raises(kind, match="a secret"):
        smtp.raise_failures()


def test_an_exception_of_handle_exception_is_raised(serve: Serve) -> None:
    """It stands for the first one, which it is the context of."""
    server = serve(NOOP=raises(KeyError("first")), exception=raises(LookupError("second")))
    with pytest.raises(LookupError, match="second") as raised:
        use(server)
    assert isinstance(raised.value.__context__, KeyError)


def test_an_exception_while_a_connection_ends_is_raised(serve: Serve) -> None:
    """A hook that fails as it is cancelled is not lost."""
    is_in = Event()

    async def noop(*_: object) -> str:
        is_in.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise LookupError("while cleaning up")

    smtp = serve(NOOP=noop).start()
    with connect(smtp) as client:
        client.send(b"NOOP\r\n")
        assert is_in.wait(PATIENCE)
        smtp.stop()
    with pytest.raises(LookupError, match="cleaning up"):
        smtp.raise_failures()


@pytest.mark.parametrize(
    "returned",
    [
        *(None, 250, "", "OK", "250OK", "999 OK", "250-first", "250 a\r\n250 b", "250 a\n"),
        *("250 좋다", ["250 a", "250 b"], ["250-a", "251 b"], ["250-a", None], [], b"250 \xff"),
    ],
)
def test_what_is_not_a_reply_is_a_clear_error(serve: Serve, returned: object) -> None:
    """It names the hook, what it returned and what would be right."""
    with pytest.raises(ConfigurationError) as raised:
        assert use(serve(NOOP=say(returned))) == INTERNAL_ERROR
    message = f"handle_NOOP returned {returned!r}, which is not an SMTP reply: return a code and"
    assert str(raised.value).startswith(message)


REPLIES: dict[str, object] = {
    "250": "250",
    "250 ": "250 ",
    "250 OK": b"250 OK",
    "235 hm": "235 hm",
    "250-a\n250 b": ["250-a", b"250 b"],
    "250-a\n250-b\n250 c": "250-a\r\n250-b\r\n250 c",
}


@pytest.mark.parametrize(("reply", "returned"), REPLIES.items())
def test_what_is_a_reply(serve: Serve, reply: str, returned: object) -> None:
    """Text or bytes, with text after the code or without, one line or several."""
    with serve(NOOP=say(returned)) as smtp, connect(smtp) as client:
        assert client.ask("NOOP") == reply


def test_a_hook_that_is_not_async_is_a_clear_error(serve: Serve) -> None:
    """It names the hook and how to write it."""
    with pytest.raises(ConfigurationError, match=r"not async.*write `async def handle_NOOP`"):
        use(serve(NOOP=lambda *_: "250 OK"))


@pytest.mark.parametrize("line", ["hello", "", "25 x", "250 é", "250 a\r\n", b"\xff"])
def test_what_is_not_a_line_of_a_reply_is_not_pushed(serve: Serve, line: str | bytes) -> None:
    """The error shows the line, and what would be right."""

    async def noop(server: SMTP, *_: object) -> str:
        await server.push(line)
        return "250 OK"

    with pytest.raises(ConfigurationError, match="is not a line of an SMTP reply: send a code"):
        use(serve(NOOP=noop))


def test_handle_exception_gets_wrong_returns(serve: Serve) -> None:
    """What a hook returned wrongly is an exception as well, as in aiosmtpd."""

    async def tell(error: Exception) -> str:
        return f"451 {type(error).__name__}"

    with serve(NOOP=say(None), exception=tell) as smtp, connect(smtp) as client:
        assert client.ask("NOOP") == "451 ConfigurationError"
        assert client.ask("RSET") == "250 2.0.0 OK"


# -- handlers that do not fit ----------------------------------------------------------------------


class Plain:
    """A handler without hooks."""


def handler(**methods: object) -> Plain:
    """Make a handler with these methods."""
    return type("MyHandler", (Plain,), methods)()


async def accept(*_: object) -> str:
    """Act as a hook."""
    return "250 OK"


async def three(_self: object, _server: object, _session: object, _envelope: object) -> str:
    """Act as a hook with too few parameters for EHLO."""
    return "250 OK"


UNFIT = {
    "a class": (Plain, "handler is the class Plain; give an instance: Plain()"),
    "auth_": (handler(auth_PLAIN=accept), "MyHandler.auth_PLAIN is not supported: the accounts of"),
    "PROXY": (handler(handle_PROXY=accept), "MyHandler.handle_PROXY is not supported: fakesmtp"),
    "process_message": (
        handler(process_message=accept),
        "MyHandler.process_message is not supported: aiosmtpd has deprecated it; use `async def",
    ),
    "EHLO": (handler(handle_EHLO=three), "handle_EHLO takes 3 arguments, not 5: write `async def"),
    "STARTTLS": (
        handler(handle_STARTTLS=accept),
        "MyHandler.handle_STARTTLS is `async def`, but aiosmtpd calls it without await: write `def",
    ),
}


@pytest.mark.parametrize(("unfit", "message"), UNFIT.values(), ids=UNFIT)
def test_an_unfit_handler_is_a_clear_error(unfit: object, message: str) -> None:
    """At construction, with what to do instead; so it is where terms are made."""
    with pytest.raises(ConfigurationError) as raised:
        FakeSMTP(handler=unfit)
    assert str(raised.value).startswith(message)
    with pytest.raises(ConfigurationError):
        engine_of(FakeSMTP()).terms_for("me", handler=unfit)


def test_attributes_are_no_methods() -> None:
    """What only looks like a method that is not supported is left alone."""
    FakeSMTP(handler=handler(auth_required=True, process_message=None, handle_message=accept))


def test_the_deprecated_ehlo_is_warned_about() -> None:
    """As aiosmtpd does."""

    async def ehlo(_self: object, _s: object, _t: object, _e: object, _hostname: str) -> str:
        return "250 OK"

    with pytest.warns(DeprecationWarning, match="add a 5th, `responses`") as warned:
        FakeSMTP(handler=handler(handle_EHLO=ehlo))
    assert warned[0].filename == __file__
