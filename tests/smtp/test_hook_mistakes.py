"""Mistakes in handlers: exceptions in hooks, wrong return values, invalid handlers."""

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
    """Return a hook that raises."""

    async def hook(*_: object) -> str:
        await asyncio.sleep(0)
        raise error

    return hook


def use(server: FakeSMTP, line: str = "NOOP") -> str:
    """Send a line and return the reply; the server raises the hook's exception when it stops."""
    with server as smtp, connect(smtp) as client:
        reply = client.ask(line)
        assert client.read_to_end() == b""
    return reply


class Broken(BaseException):
    """An error that is not an `Exception`, as `pytest.fail` raises it."""


@pytest.mark.parametrize("kind", [LookupError, Broken, SystemExit, asyncio.CancelledError])
def test_exception_is_raised_in_the_test(serve: Serve, kind: type[BaseException]) -> None:
    """The client gets the profile's 451 without the exception's text; the connection closes."""
    smtp = serve(NOOP=raises(kind("a secret"))).start()
    with connect(smtp) as client:
        client.send(b"NOOP\r\n")
        assert client.read_to_end() == f"{INTERNAL_ERROR}\r\n".encode()
    assert only_session(smtp).closed_by is ClosedBy.SERVER
    with pytest.raises(kind, match="a secret"):
        smtp.raise_failures()


def test_exception_of_handle_exception_is_raised(serve: Serve) -> None:
    """An exception in `handle_exception` is raised with the first one as its context."""
    server = serve(NOOP=raises(KeyError("first")), exception=raises(LookupError("second")))
    with pytest.raises(LookupError, match="second") as raised:
        use(server)
    assert isinstance(raised.value.__context__, KeyError)


def test_exception_of_a_cancelled_hook_is_raised(serve: Serve) -> None:
    """An exception that a hook raises while it is cancelled is not lost."""
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
def test_invalid_reply_of_a_hook_is_a_clear_error(serve: Serve, returned: object) -> None:
    """The error names the hook, the value that it returned, and a correct value."""
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
def test_valid_replies_of_a_hook(serve: Serve, reply: str, returned: object) -> None:
    """A hook may return text or bytes, with or without text after the code, in several lines."""
    with serve(NOOP=say(returned)) as smtp, connect(smtp) as client:
        assert client.ask("NOOP") == reply


def test_hook_that_is_not_async_is_a_clear_error(serve: Serve) -> None:
    """The error names the hook and how to write it."""
    with pytest.raises(ConfigurationError, match=r"not async.*write `async def handle_NOOP`"):
        use(serve(NOOP=lambda *_: "250 OK"))


@pytest.mark.parametrize("line", ["hello", "", "25 x", "250 é", "250 a\r\n", b"\xff"])
def test_invalid_pushed_line_is_a_clear_error(serve: Serve, line: str | bytes) -> None:
    """A line that a hook pushes must be a line of a reply."""

    async def noop(server: SMTP, *_: object) -> str:
        await server.push(line)
        return "250 OK"

    with pytest.raises(ConfigurationError, match="is not a line of an SMTP reply: send a code"):
        use(serve(NOOP=noop))


def test_handle_exception_receives_errors_about_return_values(serve: Serve) -> None:
    """The error about an invalid return value is passed to `handle_exception`, as in aiosmtpd."""

    async def tell(error: Exception) -> str:
        return f"451 {type(error).__name__}"

    with serve(NOOP=say(None), exception=tell) as smtp, connect(smtp) as client:
        assert client.ask("NOOP") == "451 ConfigurationError"
        assert client.ask("RSET") == "250 2.0.0 OK"


# -- invalid handlers ------------------------------------------------------------------------------


class Plain:
    """A handler without hooks."""


def handler(**methods: object) -> Plain:
    """Return a handler with these methods."""
    return type("MyHandler", (Plain,), methods)()


async def accept(*_: object) -> str:
    """Accept, as a hook."""
    return "250 OK"


async def three(_self: object, _server: object, _session: object, _envelope: object) -> str:
    """Accept, as a hook with too few parameters for EHLO."""
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


@pytest.mark.parametrize(("invalid", "message"), UNFIT.values(), ids=UNFIT)
def test_invalid_handler_is_a_clear_error(invalid: object, message: str) -> None:
    """An invalid handler is refused when the server or its terms are created."""
    with pytest.raises(ConfigurationError) as raised:
        FakeSMTP(handler=invalid)
    assert str(raised.value).startswith(message)
    with pytest.raises(ConfigurationError):
        engine_of(FakeSMTP()).terms_for("me", handler=invalid)


def test_other_attributes_of_a_handler_are_allowed() -> None:
    """An attribute with the name of an unsupported method is allowed if it is not a method."""
    FakeSMTP(handler=handler(auth_required=True, process_message=None, handle_message=accept))


def test_deprecated_handle_ehlo_warns() -> None:
    """The deprecated form of `handle_EHLO` causes a DeprecationWarning, as in aiosmtpd."""

    async def ehlo(_self: object, _s: object, _t: object, _e: object, _hostname: str) -> str:
        return "250 OK"

    with pytest.warns(DeprecationWarning, match="add a 5th, `responses`") as warned:
        FakeSMTP(handler=handler(handle_EHLO=ehlo))
    assert warned[0].filename == __file__
