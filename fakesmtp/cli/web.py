"""The page and the HTTP API of `fakesmtp serve`, as its settings say."""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from fakesmtp.cli.command import nearest
from fakesmtp.cli.compose import is_loopback
from fakesmtp.cli.console import warn
from fakesmtp.errors import ConfigurationError, PortTakenError
from fakesmtp.server import engine_of
from fakesmtp.web.security.access import Access
from fakesmtp.web.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakesmtp.cli.options import Settings
    from fakesmtp.faults.rules import Rule
    from fakesmtp.server import FakeSMTP
    from fakesmtp.web.security.passwords import Passwords

_T = TypeVar("_T")
_LIBRARIES = ("fastapi", "uvicorn", "httptools", "websockets")
_HOST = "127.0.0.1"
_PORT = 8025


def make_http_server(
    server: FakeSMTP,
    settings: Settings,
    *,
    planned: Callable[[tuple[Rule, ...]], object],
    ready: Callable[[str], object],
    reuse_port: bool = False,
) -> HttpServer | None:
    """Return the HTTP server of the settings, its port already bound; None without one.

    Raises `ConfigurationError`, and `PortTakenError` for a port that was set.
    """
    if not wants_http(settings):
        return None
    _check_libraries()
    access, tls = _choose_access(settings), _choose_tls(server, settings)

    def make(host: str, port: int) -> HttpServer:
        return HttpServer(
            server,
            host,
            port,
            access=access,
            tls=tls,
            planned=planned,
            ready=ready,
            reuse_port=reuse_port,
        )

    return choose_address(settings, make)


def wants_http(settings: Settings) -> bool:
    """Return whether to serve HTTP: of --no-http and --http, the one of the nearer source holds."""
    if not settings.no_http or settings.http is None:
        return not settings.no_http
    nearer = nearest("no_http", "http")
    if nearer is None:
        raise ConfigurationError("--no-http and --http are both given: give one of them")
    return nearer == "http"


def choose_address(settings: Settings, make: Callable[[str, int], _T]) -> _T:
    """Return what `make` makes at the address of the settings, or at a free port of the default.

    Raises `PortTakenError` for a port that was set.
    """
    if settings.http is not None:
        return make(*settings.http)
    if settings.ports == "auto":
        return make(_HOST, 0)
    try:
        return make(_HOST, _PORT)
    except PortTakenError:
        warn(f"port {_PORT} is taken: the page is on a free port (--http chooses another)")
        return make(_HOST, 0)


def _check_libraries() -> None:
    """Raise `ModuleNotFoundError` for a library that is missing: they are loaded later."""
    missing = next((name for name in _LIBRARIES if find_spec(name) is None), None)
    if missing is not None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)


def _choose_access(settings: Settings) -> Access:
    host, port = settings.http or (_HOST, _PORT)
    if not (is_loopback(host) or settings.http_auth_file or settings.http_open):
        raise ConfigurationError(
            f"--http {host}:{port}: other machines could read and delete all messages: give "
            "--http-auth-file FILE to ask for a password, or --http-open to let everyone in"
        )
    return Access(
        settings.http_allowed_hosts,
        settings.http_cors_origins,
        _read_passwords(settings),
    )


def _read_passwords(settings: Settings) -> Passwords | None:
    if settings.http_auth_file is None:
        return None
    from fakesmtp.web.security.passwords import Passwords  # noqa: PLC0415 - few servers have one

    return Passwords.read(settings.http_auth_file)


def _choose_tls(server: FakeSMTP, settings: Settings) -> ssl.SSLContext | None:
    cert, key = settings.http_tls_cert, settings.http_tls_key
    if key is not None and cert is None:
        raise ConfigurationError("--http-tls-key needs the certificate, --http-tls-cert FILE")
    if cert is None:
        identity = engine_of(server).endpoint.identity
        return identity.server_context() if settings.http_tls else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"--http-tls-cert {cert}: {error.strerror or error}: it must be a PEM file with the "
            "certificate and its key, or name the key's file with --http-tls-key"
        ) from error
    return context
