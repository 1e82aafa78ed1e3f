"""Servers with a handler: aiosmtpd itself, and fakesmtp on each loop."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from loops import LOOPS

from fakesmtp import FakeSMTP
from fakesmtp.tls.identity import Identity

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from aiosmtpd.smtp import LoginPassword

    Serve = Callable[[object], AbstractContextManager[tuple[int, ssl.SSLContext]]]


class AnyPort(Controller):
    """A controller that can listen on port 0, a free port."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _accept_any(_server: object, _session: object, _envelope: object, _how: str, data: Any) -> Any:  # noqa: ANN401 - aiosmtpd's own signature
    given: LoginPassword = data
    return AuthResult(success=True, auth_data=given)


@contextmanager
def _serve_stock(handler: object) -> Iterator[tuple[int, ssl.SSLContext]]:
    identity = Identity(None)
    controller = AnyPort(
        handler,
        hostname="127.0.0.1",
        port=0,
        tls_context=identity.server_context(),
        auth_require_tls=False,
        authenticator=_accept_any,
        enable_SMTPUTF8=False,
    )
    controller.start()
    try:
        yield controller.port, identity.client_context()
    finally:
        controller.stop()
        identity.close()


@contextmanager
def _serve_ours(loop: str, handler: object) -> Iterator[tuple[int, ssl.SSLContext]]:
    with FakeSMTP(
        accounts="any",
        ports={587: 0},
        auth_required_at="never",
        loop_factory=LOOPS[loop],
        handler=handler,
    ) as smtp:
        yield smtp.port(587), smtp.client_context()


serve_stock: Serve = _serve_stock
OURS: dict[str, Serve] = {loop: partial(_serve_ours, loop) for loop in LOOPS}
