"""Redirect the endpoint's names and ports to a server for one test."""

from __future__ import annotations

import errno
import socket
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakesmtp.inbox import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from fakesmtp.inbox import Inbox

#: The endpoint's name and its older one.
NAMES = ("smtp-mail.nhncloudservice.com", "smtp-mail.cloud.toast.com")


class Redirection:
    """Where the endpoint's names lead: to one host, with a local port for each real one."""

    def __init__(self, host: str, ports: Mapping[int, int]) -> None:
        self._host = host
        self._ports = dict(ports)

    def concerns(self, host: object) -> bool:
        """Whether a host is one of the endpoint's names, in any case, also with a final dot."""
        if isinstance(host, (bytes, bytearray)):
            host = host.decode("ascii", "replace")
        return isinstance(host, str) and host.lower().removesuffix(".") in NAMES

    def target(self, host: object, port: object) -> tuple[str, int]:
        """Return where to connect instead; raises `ConnectionRefusedError` for other ports."""
        number = _number(port)
        if number == 0:
            return self._host, 0
        if number not in self._ports:
            known = ", ".join(str(each) for each in sorted(self._ports))
            message = (
                f"fakesmtp_redirect: {host} port {port} is not one that the fake stands for; "
                f"it stands for {known}, and nothing is sent to the real one"
            )
            raise ConnectionRefusedError(errno.ECONNREFUSED, message)
        return self._host, self._ports[number]


def _number(port: object) -> int | None:
    """Read a port as `getaddrinfo` does: a number, also as text, or a service's name."""
    if port is None or isinstance(port, int):
        return port or 0
    name = port.decode("ascii", "replace") if isinstance(port, bytes) else str(port)
    try:
        return int(name) if name.isdecimal() else socket.getservbyname(name, "tcp")
    except OSError:
        return None


def redirect(patch: pytest.MonkeyPatch, server: Inbox, bundle: Path) -> None:
    """Redirect the endpoint's names to a server, and make new TLS contexts trust it.

    `socket.create_connection` (smtplib) and asyncio's loops (aiosmtplib) resolve names by the
    module's `getaddrinfo`, also where the program imported them by name before.
    """
    endpoint = place_of(server)
    redirection = Redirection(endpoint.address, endpoint.ports)
    _patch_getaddrinfo(patch, redirection)
    _patch_gethostbyname(patch, redirection, endpoint.address)
    _patch_uvloop(patch, redirection)
    patch.setenv("SSL_CERT_FILE", str(bundle))


def _patch_getaddrinfo(patch: pytest.MonkeyPatch, redirection: Redirection) -> None:
    resolve = socket.getaddrinfo

    # The parameters' names are those of `socket.getaddrinfo`, which may be given by name.
    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if redirection.concerns(host):
            host, port = redirection.target(host, port)
        return resolve(host, port, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)


def _patch_gethostbyname(patch: pytest.MonkeyPatch, redirection: Redirection, local: str) -> None:
    resolve = socket.gethostbyname

    def gethostbyname(hostname: str, /) -> str:
        return local if redirection.concerns(hostname) else resolve(hostname)

    patch.setattr(socket, "gethostbyname", gethostbyname)


def _patch_uvloop(patch: pytest.MonkeyPatch, redirection: Redirection) -> None:
    """Do the same for uvloop, which resolves names in C; no-op if it is not imported."""
    uvloop = sys.modules.get("uvloop")
    if uvloop is None:
        return
    connect = uvloop.Loop.create_connection

    # The parameters of asyncio's loops, which uvloop's have too.
    async def create_connection(
        self: Any,  # noqa: ANN401
        protocol_factory: Any,  # noqa: ANN401
        host: Any = None,  # noqa: ANN401
        port: Any = None,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if redirection.concerns(host):
            if kwargs.get("ssl") and kwargs.get("server_hostname") is None:
                kwargs["server_hostname"] = host
            host, port = redirection.target(host, port)
        return await connect(self, protocol_factory, host, port, **kwargs)

    patch.setattr(uvloop.Loop, "create_connection", create_connection)


def write_bundle(path: Path, ca_file: Path) -> Path:
    """Write the system's CAs and ours to one file (PEM)."""
    # Without a file, as where the system has only a folder of them, OpenSSL reads that folder
    # still: SSL_CERT_DIR is not touched.
    system: str | None = ssl.get_default_verify_paths().cafile  # typeshed omits the None
    parts = [Path(file).read_bytes() for file in (system, ca_file) if file is not None]
    path.write_bytes(b"\n".join(parts))
    return path
