"""The hooks of an aiosmtpd handler: finds them, calls them, reads their return values."""

from __future__ import annotations

import inspect
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from warnings import warn

from aiosmtpd.smtp import MISSING

from fakesmtp.errors import ConfigurationError
from fakesmtp.protocol.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiosmtpd.smtp import SMTP, Envelope, Session

#: The hooks that are called, in the order of a session: `handle_EHLO` and so on.
HOOKS = ("EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "VRFY", "QUIT")
_EXCEPTION = "exception"
#: Number of parameters of `handle_EHLO`, without `self`: the current and the deprecated form.
_EHLO_PARAMETERS, _OLD_EHLO_PARAMETERS = 5, 4
#: Methods that a handler must not have, and what to do instead.
_UNSUPPORTED = (
    (
        r"auth_.+",
        "the accounts of FakeSMTP decide AUTH; remove it, and refuse a login by `handle_AUTH`",
    ),
    (
        "handle_PROXY",
        "fakesmtp reads the PROXY protocol itself (proxy_protocol=True); remove the method",
    ),
    (
        "process_message",
        "aiosmtpd has deprecated it; use `async def handle_DATA(self, server, session, envelope)`",
    ),
)
_TEXT = r"[^\r\n]*"
_REPLY = re.compile(rf"(?:([2-5]\d\d)-{_TEXT}\r\n(?:\1-{_TEXT}\r\n)*\1|[2-5]\d\d)(?: {_TEXT})?")
_LINE = rf"[2-5]\d\d(?:[ -]{_TEXT})?"
_LINES = re.compile(rf"{_LINE}(?:\r\n{_LINE})*")


class Hooks:
    """The hooks of one handler, for every connection of a server.

    Raises `ConfigurationError` if the handler has a method that fakesmtp does not support.
    """

    __slots__ = ("_hooks", "handler")

    def __init__(self, handler: object) -> None:
        _check(handler)
        self.handler = handler
        # As in aiosmtpd: a method that `dir` does not list is not a hook.
        self._hooks: dict[str, Callable[..., Any]] = {
            name: getattr(handler, f"handle_{name}")
            for name in (*HOOKS, _EXCEPTION)
            if f"handle_{name}" in dir(handler)
        }
        if "EHLO" in self._hooks:
            self._hooks["EHLO"] = _check_ehlo(self._hooks["EHLO"])
        if inspect.iscoroutinefunction(self._hooks.get("STARTTLS")):
            raise ConfigurationError(
                f"{_name(handler)}.handle_STARTTLS is `async def`, but aiosmtpd calls it without "
                "await: write `def handle_STARTTLS(self, server, session, envelope)`"
            )

    def __contains__(self, name: str) -> bool:
        return name in self._hooks

    async def call(self, name: str, server: SMTP, *arguments: object) -> Reply | None:
        """Await a hook; return its reply, None if it returned `MISSING` (the default reply).

        An exception, also one about the return value, is passed to the handler's
        `handle_exception`. It is raised if the handler has none.
        """
        hook = partial(self._hooks[name], server, server.session, server.envelope)
        try:
            return await _await(f"handle_{name}", hook(*arguments))
        except Exception as error:
            if _EXCEPTION not in self._hooks:
                raise
            return await _await("handle_exception", self._hooks[_EXCEPTION](error))

    def accepts_tls(self, server: SMTP) -> bool:
        """Call `handle_STARTTLS`, which is not a coroutine; True if the handler has none."""
        hook = self._hooks.get("STARTTLS")
        return hook is None or bool(hook(server, server.session, server.envelope))


async def _await(hook: str, result: object) -> Reply | None:
    if not inspect.isawaitable(result):
        raise ConfigurationError(
            f"{hook} is not async, it returned {result!r}: write `async def {hook}`"
        )
    returned = await result
    return None if returned is MISSING else read_reply(hook, returned)


# -- checking a handler ----------------------------------------------------------------------------


def _name(handler: object) -> str:
    return type(handler).__name__


def _check(handler: object) -> None:
    if isinstance(handler, type):
        name = handler.__name__
        raise ConfigurationError(f"handler is the class {name}; give an instance: {name}()")
    for name in dir(handler):
        for pattern, instead in _UNSUPPORTED:
            if re.fullmatch(pattern, name) and callable(getattr(handler, name)):
                raise ConfigurationError(f"{_name(handler)}.{name} is not supported: {instead}")
    # A handler may have no hook, as aiosmtpd's `Sink`; a number, text or function is a mistake.
    has_hook = any(name.startswith("handle_") for name in dir(handler))
    if not has_hook and type(handler).__module__ == "builtins":
        raise ConfigurationError(
            "handler must be an object with methods like `async def handle_RCPT(…)`, not a value "
            f"of type {_name(handler)}"
        )


def _check_ehlo(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Return the hook in the current form."""
    number = len(inspect.signature(hook).parameters)
    if number == _EHLO_PARAMETERS:
        return hook
    if number == _OLD_EHLO_PARAMETERS:
        message = "handle_EHLO with 4 arguments is deprecated in aiosmtpd; add a 5th, `responses`"
        warn(message, DeprecationWarning, stacklevel=4)
        return partial(_call_old_ehlo, hook)
    raise ConfigurationError(
        f"handle_EHLO takes {number} arguments, not 5: write "
        "`async def handle_EHLO(self, server, session, envelope, hostname, responses)`"
    )


async def _call_old_ehlo(
    hook: Callable[..., Awaitable[Any]],
    server: SMTP,
    session: Session,
    envelope: Envelope,
    hostname: str,
    responses: list[str],
) -> object:
    """Send all lines, then call the hook, which returns the last line."""
    await server.push("\r\n".join(f"{line[:3]}-{line[4:]}" for line in responses))
    return await hook(server, session, envelope, hostname)


# -- reading replies -------------------------------------------------------------------------------


def read_reply(hook: str, returned: object) -> Reply:
    """Convert a hook's return value to a reply: one line, or a list of lines.

    Raises `ConfigurationError` if it is not an SMTP reply (RFC 5321 §4.2).
    """
    return _read(returned, _REPLY) or _reject(
        f"{hook} returned {returned!r}, which is not an SMTP reply: return a code and a text in "
        "ASCII, such as '250 OK'; in a multiline reply each line but the last is like '250-first'"
    )


def read_pushed(status: str | bytes) -> Reply:
    """Convert lines that a hook pushes to a reply; it may be incomplete.

    Raises `ConfigurationError` if a line does not start with a reply code.
    """
    return _read(status, _LINES) or _reject(
        f"push({status!r}) is not a line of an SMTP reply: send a code and a text in ASCII, such "
        "as '250 OK', without the line end"
    )


def _read(returned: object, form: re.Pattern[str]) -> Reply | None:
    """Return one line or several as a reply; None if they do not match `form` or are not ASCII."""
    lines = list(returned) if isinstance(returned, list | tuple) else [returned]
    texts = [line.decode("latin-1") if isinstance(line, bytes) else line for line in lines]
    if not all(isinstance(text, str) and text.isascii() for text in texts):
        return None
    text = "\r\n".join(map(str, texts))
    return Reply.of_wire(f"{text}\r\n".encode()) if form.fullmatch(text) else None


def _reject(message: str) -> NoReturn:
    raise ConfigurationError(message)
